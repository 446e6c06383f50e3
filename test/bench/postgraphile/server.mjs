// PostGraphile on the benchmark's database, as lean as it goes: no token is verified, nothing is logged, one organization
// is set for all. It works as the same role, with as many connections as the engine has.
import http from "node:http";
import pg from "pg";
import { postgraphile } from "postgraphile";

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 20 });
const handler = postgraphile(pool, "public", {
  pgSettings: { role: "infin8_app", "infin8.organization_id": process.env.ORGANIZATION },
  setofFunctionsContainNulls: false,
  disableQueryLog: true,
  graphiql: false,
  ignoreRBAC: true,
  dynamicJson: true,
});
const server = http.createServer(handler);
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => {
  console.error(JSON.stringify({ msg: "listening", url: `http://127.0.0.1:${server.address().port}` }));
});
process.on("SIGTERM", () => process.exit(0));
