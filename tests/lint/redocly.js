// Redocly's rules (redocly.yaml) on openapi.yaml; anything found, a warning too, is a failure.
"use strict";

const { loadConfig, lint, formatProblems, getTotals } = require("@redocly/openapi-core");

async function main() {
  const config = await loadConfig({ configPath: "redocly.yaml" });
  const problems = await lint({ ref: "openapi.yaml", config });
  const counted = problems.filter((problem) => !problem.ignored);
  formatProblems(counted, { format: "stylish", totals: getTotals(counted), version: "" });
  process.exitCode = counted.length > 0 ? 1 : 0;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 2;
});
