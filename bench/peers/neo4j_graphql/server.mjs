// The peer: @neo4j/graphql with row authorization, in graphql-yoga, over the graph that the hub loaded.
// Environment: NEO4J_URL, NEO4J_USER, NEO4J_PASSWORD, PORT, WORKERS, KEY (of the HS256 tokens).
import cluster from "node:cluster";
import { createServer } from "node:http";
import { Neo4jGraphQL } from "@neo4j/graphql";
import { createYoga } from "graphql-yoga";
import neo4j from "neo4j-driver";

// Counting by group is not among what the library generates: it is written in Cypher, with the row rule by hand.
const typeDefs = /* GraphQL */ `
  type JWT @jwt { jurisdiction: String! }

  type Region @node { code: String name: String region: String! }
  type Building @node { code: String name: String address: String region: String!
    dwellings: [Dwelling!]! @relationship(type: "IN_BUILDING", direction: IN) }
  type Dwelling @node { code: String roomNo: String usage: String region: String!
    building: [Building!]! @relationship(type: "IN_BUILDING", direction: OUT)
    residents: [Person!]! @relationship(type: "LIVES_IN", direction: IN) }
  type Person @node { sid: ID! idNumber: String name: String residency: String region: String!
    phone: String @cypher(statement: "RETURN '****' + right(this.phone, 4) AS phone", columnName: "phone")
    dwellings: [Dwelling!]! @relationship(type: "LIVES_IN", direction: OUT) }
  type Event @node { number: String kind: String status: String reportedAt: DateTime text: String region: String! }

  extend type Building @authorization(filter: [{ where: { node: { region: { startsWith: "$jwt.jurisdiction" } } } }])
  extend type Dwelling @authorization(filter: [{ where: { node: { region: { startsWith: "$jwt.jurisdiction" } } } }])
  extend type Person @authorization(filter: [{ where: { node: { region: { startsWith: "$jwt.jurisdiction" } } } }])
  extend type Event @authorization(filter: [{ where: { node: { region: { startsWith: "$jwt.jurisdiction" } } } }])

  type EventCell { street: String status: String count: Int }
  type AgeCell { ageBand: String count: Int }
  type Query {
    eventCells: [EventCell!]! @cypher(columnName: "cell", statement: """
      MATCH (e:Event) WHERE e.deletedAt IS NULL AND e.region STARTS WITH $jwt.jurisdiction
      WITH left(e.region, 13) AS street, e.status AS status, count(*) AS count
      RETURN {street: street, status: status, count: count} AS cell""")
    ageCells: [AgeCell!]! @cypher(columnName: "cell", statement: """
      MATCH (p:Person) WHERE p.deletedAt IS NULL AND p.region STARTS WITH $jwt.jurisdiction
      WITH toString(duration.between(p.birthDate, date()).years / 10) AS ageBand, count(*) AS count
      RETURN {ageBand: ageBand, count: count} AS cell""")
  }
`;

async function serve() {
  const { NEO4J_URL, NEO4J_USER, NEO4J_PASSWORD, PORT, KEY } = process.env;
  const driver = neo4j.driver(NEO4J_URL, neo4j.auth.basic(NEO4J_USER, NEO4J_PASSWORD));
  const library = new Neo4jGraphQL({ typeDefs, driver, features: { authorization: { key: KEY } } });
  const yoga = createYoga({
    schema: await library.getSchema(),
    logging: false,
    context: ({ request }) => ({ token: request.headers.get("authorization") }),
  });
  createServer(yoga).listen(Number(PORT), "127.0.0.1");
}

const workers = Number(process.env.WORKERS);
if (cluster.isPrimary && workers > 1) {
  for (let n = 0; n < workers; n += 1) cluster.fork();
  process.on("SIGTERM", () => process.exit(0));
} else {
  await serve();
}
