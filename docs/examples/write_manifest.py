"""Completes the description of an ONNX model to its manifest; see docs/models.md. Needs nothing but Python 3.

usage: write_manifest.py MODEL.onnx DESCRIPTION.json
"""
import hashlib
import json
import sys

model, description = sys.argv[1:]
with open(description, encoding="utf-8") as file:
    manifest = json.load(file)
with open(model, "rb") as file:
    manifest["model_sha256"] = hashlib.sha256(file.read()).hexdigest()
manifest["format"] = 1
manifest["feature_hash"] = hashlib.sha256("\n".join(manifest["features"]).encode()).hexdigest()
with open(model + ".json", "w", encoding="utf-8") as file:
    json.dump(manifest, file, indent=2, ensure_ascii=False)
print(f"Wrote {model}.json. Now check it: qt validate PIPELINE.yml --model")
