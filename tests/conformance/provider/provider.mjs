// An OpenID provider (oidc-provider) whose keys are those of the newest line of standard input, a JWK set.
// `GET /asked` counts the requests to each path.
import http from "node:http";
import readline from "node:readline";
import { Provider } from "oidc-provider";

const port = Number(process.argv[2]);
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
    ],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
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
