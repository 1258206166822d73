"""Kinds of valid output, in the order in which detection tries them."""

BUILTIN = {
    "json_schema": "seedstock.tasks.json_schema:JsonSchema",
    "regex": "seedstock.tasks.regex:Regex",
    "answer": "seedstock.tasks.answer:Answer",
    "labels": "seedstock.tasks.labels:Labels",
    "sql": "seedstock.tasks.sql:Sql",
    "python": "seedstock.tasks.python:Python",
    "text": "seedstock.tasks.text:Text",
}
