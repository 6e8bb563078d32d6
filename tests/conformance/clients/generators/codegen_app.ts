// An application in TypeScript whose types and documents graphql-codegen made (client preset), sent by graphql-request.
import { GraphQLClient } from "graphql-request";
import { BuildingsDocument, CountsDocument, FoundDocument, type FoundQuery } from "./gql/graphql.js";
import { operations, print, url } from "./operations.mjs";

type Asked = { variables: { n: number; no: string }; headers: Record<string, string> };
const client = new GraphQLClient(url);
const genders = (found: FoundQuery) => found.people?.edges.map((edge) => edge.node.gender);
const run = [
  async ({ variables, headers }: Asked) => client.request(BuildingsDocument, { n: variables.n }, headers),
  async ({ variables, headers }: Asked) => {
    const found = await client.request(FoundDocument, { no: variables.no }, headers);
    if (genders(found)?.some((each) => each === "MALE" || each === "FEMALE")) throw new Error("this is denied");
    return found;
  },
  async ({ headers }: Asked) => client.request(CountsDocument, {}, headers),
];
await print(async (each: Asked) => ({ data: await run[operations.indexOf(each)](each) }));
