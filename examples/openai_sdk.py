"""OpenAI's Python SDK. Untested: this repository's tests do not run Python.

Needs `pip install openai` and CK_KEY; CK_BASE_URL defaults to the address of `npm start`.
"""

import os

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("CK_BASE_URL", "http://127.0.0.1:8787/api/v1"),
    api_key=os.environ["CK_KEY"],
)

stream = client.chat.completions.create(
    model="claude",
    stream=True,
    messages=[{"role": "user", "content": "Hello"}],
    # Fields of the gateway go into extra_body.
    extra_body={"fallback": ["gpt"]},
)
for chunk in stream:
    print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
