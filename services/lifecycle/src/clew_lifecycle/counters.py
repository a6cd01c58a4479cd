"""What lifecycle counts for the operator. Next: clew_shared.runtime.metrics.exposition."""

from prometheus_client import Counter

ignored_tokens = Counter("clew_reply_tokens_ignored", "Reply addresses that led nowhere", ["why"])
