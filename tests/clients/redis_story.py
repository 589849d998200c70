"""redis-py on one connection: what is refused, what goes on, and in which order.

Each line of the output is one answer.
"""

import sys

import redis

client = redis.Redis(host="127.0.0.1", port=int(sys.argv[1]), protocol=int(sys.argv[2]))
client = client.client()  # one connection


def told(answer):
    if isinstance(answer, redis.exceptions.ResponseError):
        return f"error: {answer}"
    return repr(answer)


def ask(*words):
    try:
        print(told(client.execute_command(*words)))
    except (redis.exceptions.ResponseError, redis.exceptions.ExecAbortError) as error:
        print(f"{type(error).__name__}: {error}")


ask("SET", "a", "flushall")
ask("FLUSHALL")
ask("GET", "a")
pipeline = client.pipeline(transaction=False)
pipeline.incr("n").execute_command("FLUSHDB").incr("n").get("flushall").execute_command("KEYS", "*").incr("n")
for answer in pipeline.execute(raise_on_error=False):
    print(told(answer))
ask("MULTI")
ask("SET", "b", "changed")
ask("CONFIG", "SET", "dir", "/tmp")
ask("EXEC")
ask("GET", "b")
transaction = client.pipeline(transaction=True)
transaction.set("b", "changed").execute_command("FLUSHDB")
try:
    print(transaction.execute())
except redis.exceptions.ResponseError as error:
    print(f"transaction: {error}")
ask("GET", "b")
ask("EVAL", "return redis.call('FLUSH'..'ALL')", 0)
ask("PING")
