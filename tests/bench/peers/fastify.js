// Fastify + postgres.js: GET /v1/jobs/:id, GET /v1/jobs and a search in plain SQL, two workers, four connections each.
"use strict";
const cluster = require("node:cluster");

if (cluster.isPrimary) {
  for (let i = 0; i < 2; i++) cluster.fork();
} else {
  const sql = require("postgres")({ host: process.env.BENCH_HOST, port: Number(process.env.BENCH_PORT),
    username: "bench", database: "bench", max: 4 });
  const app = require("fastify")();
  app.get("/v1/jobs/:id", async (request, reply) => {
    const rows = await sql.unsafe(process.env.BENCH_BY_ID, [`{${request.params.id}}`], { prepare: true });
    if (rows.length === 0) return reply.code(404).send();
    return reply.header("etag", `"${rows[0].etag}"`).type("application/json").send(rows[0].body);
  });
  app.get("/v1/jobs", async (request, reply) => {
    const rows = await sql.unsafe(process.env.BENCH_LIST, [], { prepare: true });
    return reply.type("application/json").send(`{"items":[${rows[0].items}],"next_cursor":null}`);
  });
  app.get("/v1/search", async (request, reply) => { // ./dev bench search: p is the search as jobs_search takes it
    const rows = await sql.unsafe("select items, members from jobs_search($1::text::jsonb)", [request.query.p], { prepare: true });
    return reply.type("application/json").send(`{"items":[${rows[0].items}],"next_cursor":null,${rows[0].members}}`);
  });
  app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
}
