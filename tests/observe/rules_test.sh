#!/bin/sh
# The shipped rules with their tests, and the examples, as Prometheus' own tools see them.
set -eu
cd "${RETAIND_ROOT:-$(dirname "$0")/../..}/etc/prometheus"
for tool in promtool amtool; do
    command -v "$tool" >/dev/null || { echo "SKIPPED: $tool is not installed"; exit 77; }
done
promtool check config scrape.yml
promtool check rules --lint-fatal retaind.rules.yml
promtool test rules tests/*.yml
amtool check-config ../alertmanager/alertmanager.yml
# Ops hear of the daemon, accounts of customers.
routes() { amtool config routes test --config.file=../alertmanager/alertmanager.yml "$@"; }
[ "$(routes alertname=RetaindDown severity=critical job=retaind)" = ops-page ]
[ "$(routes alertname=RetaindSourceDown severity=warning job=retaind)" = ops-mail ]
[ "$(routes alertname=RetaindRuleBelowFloor severity=info job=retaind)" = accounts ]
[ "$(routes alertname=RetaindRestarts severity=critical job=retaind)" = ops-page ]
for scope in customer promise segment portfolio; do
    [ "$(routes alertname=health_low severity=critical scope=$scope job=retaind)" = accounts ]
done
[ "$(routes alertname=feed_late severity=critical scope=source job=retaind)" = ops-mail ]
