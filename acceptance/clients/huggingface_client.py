"""Calls a running server with huggingface_hub's client and prints the results: huggingface_client.py http://127.0.0.1:3000

Needs huggingface_hub (pip install huggingface_hub). Run it manually; docs/server.md shows a run. OpenAiClientsTest tests
the Java clients.
"""

import sys

from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError


def main():
    url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:3000"
    client = InferenceClient(model=url)
    vector = client.feature_extraction("What is BGE M3?")
    print("feature_extraction", vector.shape, vector.dtype, vector[0][:3])
    vectors = client.feature_extraction(["What is BGE M3?", "Definition of BM25"], normalize=True, truncate=True)
    print("feature_extraction of two", vectors.shape)
    print("sentence_similarity", InferenceClient(model=url + "/similarity").sentence_similarity("What is BM25?", ["BGE M3 embeds text.", "BM25 ranks documents."]))
    try:
        client.feature_extraction("")
    except HfHubHTTPError as error:
        print("an empty text:", error.response.status_code, error.server_message)


main()
