// An OpenID provider (oidc-provider) whose keys are those of the newest line of standard input, a JWK set.
// `GET /asked` counts the requests to each path. With redirect addresses as further arguments people sign in too; it
// tells the resident id number of one of them to whoever asks for that claim. Residents come by a client with a secret.
import http from "node:http";
import readline from "node:readline";
import { Provider } from "oidc-provider";

const port = Number(process.argv[2]);
const redirects = process.argv.slice(3);
const issuer = `http://127.0.0.1:${port}`;
const asked = {};
let answer;

const hub = {
  scope: "",
  audience: "sluicegate",
  accessTokenTTL: 600,
  accessTokenFormat: "jwt",
  jwt: { sign: { alg: "ES256" } },
};

const people = {
  client_id: "sluicegate",
  token_endpoint_auth_method: "none",
  id_token_signed_response_alg: "ES256",
  grant_types: ["authorization_code"],
  redirect_uris: redirects,
  response_types: ["code"],
};

const residents = {
  ...people,
  client_id: "sluicegate-residents",
  client_secret: "se:cret +1%",
  token_endpoint_auth_method: "client_secret_basic",
};

const numbers = { qi: "140321195703129022" };
const findAccount = (_, accountId) => ({
  accountId,
  claims: () => ({ sub: accountId, resident_id: numbers[accountId] }),
});

function begin(jwks) {
  const provider = new Provider(issuer, {
    jwks,
    clients: [
      {
        client_id: "fire-inspection",
        client_secret: "only-for-tests",
        id_token_signed_response_alg: "ES256",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
      },
      ...(redirects.length ? [people, residents] : []),
    ],
    claims: { openid: ["sub"], resident_id: null },
    findAccount,
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: redirects.length > 0 },
      claimsParameter: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo: () => hub },
    },
  });
  answer = provider.callback();
}

const server = http.createServer((request, response) => {
  if (request.url === "/asked") {
    response.end(JSON.stringify(asked));
    return;
  }
  asked[request.url] = (asked[request.url] ?? 0) + 1;
  answer(request, response);
});

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  begin(JSON.parse(line));
  if (server.listening) {
    console.log("ready");
  } else {
    server.listen(port, "127.0.0.1", () => console.log("ready"));
  }
});
