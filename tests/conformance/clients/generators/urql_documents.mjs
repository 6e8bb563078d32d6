// The texts that urql sends, for registration: its cache adds `__typename`, and its printer has a form of its own.
import { formatDocument, gql, stringifyDocument } from "@urql/core";
import { print } from "./operations.mjs";

await print(async ({ document }) => stringifyDocument(formatDocument(gql(document))));
