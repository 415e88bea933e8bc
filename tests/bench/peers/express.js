// Express + pg: GET /v1/jobs/:id and GET /v1/jobs, two workers, four connections each.
"use strict";
const cluster = require("node:cluster");

if (cluster.isPrimary) {
  for (let i = 0; i < 2; i++) cluster.fork();
} else {
  const { Pool } = require("pg");
  const pool = new Pool({ host: process.env.BENCH_HOST, port: Number(process.env.BENCH_PORT), user: "bench",
    database: "bench", max: 4 });
  const app = require("express")();
  const byId = { name: "by_id", text: process.env.BENCH_BY_ID };
  app.get("/v1/jobs/:id", async (request, response) => {
    const { rows } = await pool.query({ ...byId, values: [`{${request.params.id}}`] });
    if (rows.length === 0) return response.status(404).end();
    return response.set("etag", `"${rows[0].etag}"`).type("application/json").send(rows[0].body);
  });
  app.get("/v1/jobs", async (request, response) => {
    const { rows } = await pool.query({ name: "list", text: process.env.BENCH_LIST });
    return response.type("application/json").send(`{"items":[${rows[0].items}],"next_cursor":null}`);
  });
  app.listen(Number(process.env.PORT), "127.0.0.1");
}
