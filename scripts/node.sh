#!/bin/sh
# Runs Node with the options of every API, worker and load test. Requests live for milliseconds: a young generation
# with room for them is collected a quarter as often.
exec "${npm_node_execpath:-node}" --max-semi-space-size=64 "$@"
