"""What a webhook gets is what docs/webhook.schema.json says: messages of every kind, and the example of the guide."""

import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(os.environ["RETAIND_ROOT"])

try:
    import jsonschema
except ImportError:
    print("SKIPPED: python3-jsonschema is not installed")
    sys.exit(77)


def main():
    validator = jsonschema.Draft202012Validator(json.loads((ROOT / "docs/webhook.schema.json").read_text()))
    jsonschema.Draft202012Validator.check_schema(validator.schema)
    example = re.search(r"```json\n(.*?)```", (ROOT / "docs/webhook.md").read_text(), re.S).group(1)
    validator.validate(json.loads(example))
    with tempfile.TemporaryDirectory(prefix="retaind-test-") as folder:
        subprocess.run([sys.argv[1], folder], check=True)
        files = sorted(pathlib.Path(folder).glob("*.webhook.json"))
        messages = {file.name.split(".")[0]: json.loads(file.read_text()) for file in files}
    assert {"one", "digest", "all_quiet", "ops", "untold"} <= set(messages), sorted(messages)
    for name, message in messages.items():
        errors = [f"{name}: {error.json_path}: {error.message}" for error in validator.iter_errors(message)]
        assert not errors, "\n".join(errors)
    described = set(validator.schema["$defs"]["alert"]["properties"])
    written = set(messages["one"]["alerts"][0])
    assert written == described, f"written or described only: {sorted(written ^ described)}"

    def broken(change):
        message = copy.deepcopy(messages["one"])
        change(message["alerts"][0])
        return not validator.is_valid(message)

    assert broken(lambda alert: alert.pop("seq"))
    assert broken(lambda alert: alert.update(severity="urgent"))
    assert broken(lambda alert: alert.update(surprise=1))
    assert broken(lambda alert: alert.update(since="yesterday"))
    print(f"{len(messages)} messages are as described, and broken ones are not")


main()
