"""What API and worker tell of themselves: metrics, traces and log lines; alerts and a dashboard."""
