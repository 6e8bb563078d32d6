// Runs the suite of graphql-http against a hub and prints what it found of each of its audits.
import { serverAudits } from "graphql-http";
import { operations, url } from "./operations.mjs";

const known = operations[0].headers;
const fetchFn = (address, given = {}) => fetch(address, { ...given, headers: { ...known, ...given.headers } });
const found = [];
for (const audit of serverAudits({ url, fetchFn })) {
  const { status, reason } = await audit.fn();
  found.push({ id: audit.id, name: audit.name, status, reason });
}
process.stdout.write(JSON.stringify(found));
