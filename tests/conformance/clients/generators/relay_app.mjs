// Relay 21 with what relay-compiler wrote for its operations, and the network function of its documentation.
import relay from "relay-runtime";
import backwards from "./relay/__generated__/appBackwardsQuery.graphql.js";
import buildings from "./relay/__generated__/appBuildingsQuery.graphql.js";
import counts from "./relay/__generated__/appCountsQuery.graphql.js";
import found from "./relay/__generated__/appFoundQuery.graphql.js";
import { operations, print, url } from "./operations.mjs";

const { Environment, Network, RecordSource, Store, createOperationDescriptor } = relay;
const compiled = [buildings, found, counts, backwards];
const PAGES_BACK = 3;

await print(async (each) => {
  const post = async (params, variables) => {
    const headers = { "Content-Type": "application/json", ...each.headers };
    const body = JSON.stringify({ query: params.text, variables });
    return (await fetch(url, { method: "POST", headers, body })).json();
  };
  const environment = new Environment({ network: Network.create(post), store: new Store(new RecordSource()) });
  const query = compiled[operations.indexOf(each)];
  const ask = async (variables) => {
    const descriptor = createOperationDescriptor(query, variables);
    await environment.execute({ operation: descriptor }).toPromise();
    return environment.lookup(descriptor.fragment);
  };
  let shown = await ask(each.variables);
  for (let page = 1; query === backwards && page < PAGES_BACK; page += 1) {
    shown = await ask({ ...each.variables, before: shown.data.buildings.pageInfo.startCursor });
  }
  const denied = (shown.fieldErrors ?? []).map((error) => error.error.message);
  return { data: shown.data, denied };
});
