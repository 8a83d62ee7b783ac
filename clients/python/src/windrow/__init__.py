"""Client of Windrow: lists, feeds that go on by themselves, settings.

    from windrow import Client

    with Client(query="127.0.0.1:7003", aggregator="127.0.0.1:7002") as client:
        with client.follow("pipelines/sf-calls/views/calls-by-type") as feed:
            for update in feed:
                print(update.kind, len(update.results))

What has no method here is called on the stubs, `client.query`, `client.pipelines` and
`client.producer`, with the messages of `windrow.query.v1.query_service_pb2` and its neighbours.
"""

from windrow.client import Client
from windrow.errors import error_info
from windrow.feed import Update
from windrow.rows import field_value, group_of, row_key, values_of

__all__ = ["Client", "Update", "error_info", "field_value", "group_of", "row_key", "values_of"]
