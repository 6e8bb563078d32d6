// Relay 21 with documents that relay-compiler persisted; its network function sends their ids.
import relay from "relay-runtime";
import buildings from "./relay_persisted/__generated__/appBuildingsQuery.graphql.js";
import counts from "./relay_persisted/__generated__/appCountsQuery.graphql.js";
import found from "./relay_persisted/__generated__/appFoundQuery.graphql.js";
import { operations, print, url } from "./operations.mjs";

const { Environment, Network, RecordSource, Store, createOperationDescriptor } = relay;
const compiled = [buildings, found, counts];

await print(async (each) => {
  const post = async (params, variables) => {
    const headers = { "Content-Type": "application/json", ...each.headers };
    const body = JSON.stringify({ documentId: `sha256:${params.id}`, variables });
    return (await fetch(url, { method: "POST", headers, body })).json();
  };
  const environment = new Environment({ network: Network.create(post), store: new Store(new RecordSource()) });
  const descriptor = createOperationDescriptor(compiled[operations.indexOf(each)], each.variables);
  await environment.execute({ operation: descriptor }).toPromise();
  return { data: environment.lookup(descriptor.fragment).data };
});
