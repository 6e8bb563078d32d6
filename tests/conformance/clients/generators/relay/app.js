// The operations of an application of Relay; relay-compiler reads them here, and its Babel plugin would take them out.
import { graphql } from "relay-runtime";

export const buildings = graphql`
  query appBuildingsQuery($n: Int) {
    buildings(first: $n) {
      edges { cursor node { id code dwellings(first: 1) { id code usage } } }
      pageInfo { hasNextPage endCursor }
    }
  }
`;
export const found = graphql`
  query appFoundQuery($no: String!) {
    people(where: {idNumber: {eq: $no}}) { edges { node { id name phone gender } } }
  }
`;
export const backwards = graphql`
  query appBackwardsQuery($n: Int, $before: String) {
    buildings(last: $n, before: $before) @connection(key: "app_buildings") { edges { node { id code } } }
  }
`;
export const counts = graphql`
  query appCountsQuery {
    peopleAggregate(groupBy: [REGION_STREET, AGE_BAND]) { regionStreet ageBand count }
  }
`;
