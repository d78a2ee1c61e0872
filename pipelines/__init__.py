"""How it runs: settings, planner, definitions, schedules, sensors, command line. "Pipeline" here means a Dagster job."""
