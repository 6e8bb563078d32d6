// What each subscribing program does alike: it reads where the hub is and what to subscribe to, and prints what comes.
import { readFileSync } from "node:fs";

export const { url, socketUrl, document, headers, settings } = JSON.parse(readFileSync(0, "utf8"));

function print(told) {
  process.stdout.write(`${JSON.stringify(told)}\n`);
}

// Prints each answer, and the reason for which there are no more. A connection that fails has a reason of its own.
export const sink = {
  next: ({ data, errors, error }) => print({ data: data ?? null, error: errors ?? error?.errors ?? error?.graphQLErrors }),
  error: (reason) => print({ end: reason.errors ?? reason, status: reason.response?.status }),
  complete: () => print({ end: null }),
};
