// The runtime of Relay 21 with the network function of its documentation. The compiled form of an operation, which
// relay-compiler writes, is made here of the document and the types that the hub's introspection names.
import { buildClientSchema, getIntrospectionQuery, getNamedType, getNullableType, isListType, parse } from "graphql";
import { TypeInfo, isLeafType, print as text, visit, visitWithTypeInfo } from "graphql";
import relay from "relay-runtime";
import { operations, print, url } from "./operations.mjs";

const { Environment, Network, RecordSource, Store, createOperationDescriptor } = relay;

async function post(body, headers) {
  const sent = { "Content-Type": "application/json", ...headers };
  const response = await fetch(url, { method: "POST", headers: sent, body: JSON.stringify(body) });
  return response.json();
}

const introspected = await post({ query: getIntrospectionQuery() }, operations[0].headers);
const schema = buildClientSchema(introspected.data);

function value(name, node) {
  if (node.kind === "Variable") return { kind: "Variable", name, variableName: node.name.value };
  if (node.kind === "ObjectValue") {
    return { kind: "ObjectValue", name, fields: node.fields.map((each) => value(each.name.value, each.value)) };
  }
  if (node.kind === "ListValue") {
    return { kind: "ListValue", name, items: node.values.map((each, at) => value(`${name}.${at}`, each)) };
  }
  return { kind: "Literal", name, value: node.kind === "IntValue" ? Number(node.value) : node.value };
}

function compile(document) {
  const types = new TypeInfo(schema);
  const visitor = {
    Field: {
      leave(node) {
        const type = types.getType();
        const args = node.arguments.length ? node.arguments.map((each) => value(each.name.value, each.value)) : null;
        const shared = { alias: node.alias?.value ?? null, args, name: node.name.value, storageKey: null };
        const named = getNamedType(type);
        if (isLeafType(named)) return { ...shared, kind: "ScalarField" };
        const plural = isListType(getNullableType(type));
        return { ...shared, kind: "LinkedField", concreteType: named.name, plural, selections: node.selectionSet };
      },
    },
    SelectionSet: { leave: (node) => node.selections },
  };
  const parsed = parse(document);
  const [operation] = visit(parsed, visitWithTypeInfo(types, visitor)).definitions;
  const variables = parsed.definitions[0].variableDefinitions ?? [];
  const argumentDefinitions = variables.map((each) => {
    return { kind: "LocalArgument", name: each.variable.name.value, defaultValue: null };
  });
  const name = operation.name.value;
  const selections = operation.selectionSet;
  const shared = { argumentDefinitions, name, selections };
  return {
    kind: "Request",
    fragment: { ...shared, kind: "Fragment", metadata: null, type: "Query", abstractKey: null },
    operation: { ...shared, kind: "Operation" },
    params: { id: null, cacheID: name, metadata: {}, name, operationKind: "query", text: text(parsed) },
  };
}

await print(async ({ document, variables, headers }) => {
  const network = Network.create((params, given) => post({ query: params.text, variables: given }, headers));
  const environment = new Environment({ network, store: new Store(new RecordSource()) });
  const descriptor = createOperationDescriptor(compile(document), variables);
  await environment.execute({ operation: descriptor }).toPromise();
  const found = environment.lookup(descriptor.fragment);
  const denied = (found.fieldErrors ?? []).map((each) => each.error.message);
  return { data: found.data, denied };
});
