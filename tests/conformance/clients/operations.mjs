// What each client program does alike: it reads where the hub is and which operations to run, and prints the answers.
import { readFileSync } from "node:fs";

export const { url, operations, settings } = JSON.parse(readFileSync(0, "utf8"));

// `run` gives { data, errors } of one operation: { document, variables, headers }.
export async function print(run) {
  const answers = [];
  for (const each of operations) {
    answers.push(await run(each).catch((error) => ({ thrown: String(error.message ?? error) })));
  }
  process.stdout.write(JSON.stringify(answers));
}
