"""The plans of a sweep and which of them stand on the front; what ``tinyforge compress`` prints."""

from tinyforge.cli.compress import _show_steps
from tinyforge.core.types import CompressionPlan
from tinyforge.pipeline.stages.sweep import _beats, plans


def test_plans_differ_and_keep_the_projects_settings():
    base = CompressionPlan(0.3, prune_epochs=20, calibration_windows=99, layers={"a": {"sparsity": 0.1}}, pattern="2:4")
    tried = plans(base)
    assert len(set(map(repr, tried.values()))) == len(tried)
    assert all(plan.calibration_windows == 99 and plan.prune_epochs == 20 for plan in tried.values())
    assert all(plan.layers == {} and plan.pattern == "unstructured" for plan in tried.values())


def test_what_is_as_small_and_better_beats():
    def one(flash_bytes, accuracy):
        return {"flash_bytes": flash_bytes, "test": {"accuracy": accuracy}}

    assert _beats(one(10, 0.9), one(11, 0.9))
    assert _beats(one(10, 0.9), one(10, 0.8))
    assert not _beats(one(10, 0.9), one(10, 0.9))
    assert not _beats(one(9, 0.8), one(10, 0.9))


def test_the_table_names_what_is_missing_and_who_is_hurt(capsys):
    share = {"accuracy": 0.95, "low": 0.9, "high": 0.98}
    sizes = {"parameters": 2000, "nonzeros": 400, "file_bytes": 9000, "gzip_bytes": 3000, "test": share}
    linked = {"flash_bytes": 5120, "ram_bytes": 184, "instructions": 41301}
    layer = {"weights_db": None, "has_weights": True, "output_db": 21.5, "alone_db": 12.25, "covered": 0.9497}
    said = {
        "steps": [sizes | {"name": "float"}, sizes | {"name": "int8", "linked": linked}],
        "calibration": {"windows": 3, "by_class": {"a": 1, "b": 2}, "groups": [2, 4], "covered": 0.9497}
        | {"worst_layer": "scores"},
        "layers": [layer | {"name": "scores", "low": -1.87, "high": 6.38}],
        "findings": ["layer scores: int8 hurts it; train on with qat_epochs = 8"],
    }
    _show_steps("net", said)
    printed = capsys.readouterr().out
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    assert "float 2 000 400 9 000 3 000 - - - 95.0 % [90.0, 98.0]" in lines
    assert "int8 2 000 400 9 000 3 000 5 120 184 41 301 95.0 % [90.0, 98.0]" in lines
    assert "scores exact 21.5 12.2 -1.87 .. 6.38 94.97 %" in lines
    assert "net: layer scores: int8 hurts it; train on with qat_epochs = 8" in lines
    assert "calibrated on 3 training windows of 2 of 4 groups (a 1, b 2);" in printed
