"""What an IR v10 says, and that it hangs on the net alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from export.errors import ExportError
from export.legacy import ir10
from export.legacy.ir10 import Tensor

IR = """<?xml version="1.0" ?>
<net name="model" version="{version}">
 <layers>
  <layer id="0" name="image" type="Parameter" version="opset1">
   <output><port id="0" precision="FP16"><dim>1</dim><dim>{side}</dim></port></output>
  </layer>
  <layer id="1" name="weights.0" type="Const" version="opset1"/>
  <layer id="2" name="{added}" type="Const" version="opset1"/>
  <layer id="3" name="out" type="MatMul" version="opset1">
   <output><port id="2" precision="FP16"><dim>1</dim><dim>5</dim></port></output>
  </layer>
  <layer id="4" name="out/sink" type="Result" version="opset1">
   <input><port id="0" precision="FP16"><dim>1</dim><dim>5</dim></port></input>
  </layer>
 </layers>
 <edges>
  <edge from-layer="0" from-port="0" to-layer="3" to-port="0"/>
  <edge from-layer="3" from-port="2" to-layer="4" to-port="0"/>
 </edges>
 <meta_data>
  <MO_version value="2021.4.2"/>
  <cli_parameters><output_dir value="{folder}"/></cli_parameters>
 </meta_data>
</net>
"""
FACTS = {"version": "10", "side": "8", "added": "Dims521", "folder": "DIR"}


def write(place: Path, **changes: str) -> Path:
    xml = place / "model.xml"
    xml.write_text(IR.format(**{**FACTS, **changes}))
    xml.with_suffix(".bin").write_bytes(b"")
    return xml


def test_tensors_are_named_as_2021_names_them(tmp_path: Path) -> None:
    net = ir10.read(write(tmp_path))
    assert net.inputs == (Tensor("image", (1, 8), "FP16"),)
    assert net.outputs == (Tensor("out", (1, 5), "FP16"),)
    assert net.layers["weights.0"] == "Const"


def test_numbers_and_options_of_a_run_leave_no_trace(tmp_path: Path) -> None:
    texts = []
    for added, folder in (("Dims521", "/home/a"), ("Dims545", "/home/b")):
        xml = write(tmp_path, added=added, folder=folder)
        ir10.make_canonical(xml, {"image", "weights.0", "out"})
        texts.append(xml.read_text())
    assert texts[0] == texts[1]
    assert "/home" not in texts[0]
    assert 'MO_version value="2021.4.2"' in texts[0]
    assert list(ir10.read(xml).layers) == ["image", "weights.0", "Dims_2", "out", "out/sink"]


def test_a_name_that_the_net_has_is_not_given_twice(tmp_path: Path) -> None:
    xml = write(tmp_path, added="weights.0_77")
    xml.write_text(xml.read_text().replace('id="1" name="weights.0"', 'id="1" name="weights.0_2"'))
    ir10.make_canonical(xml, {"weights.0_2"})
    assert list(ir10.read(xml).layers)[1:3] == ["weights.0_2", "weights.0_2_"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"version": "11"}, "IR v11, and the Myriad X compiler reads v10"),
        ({"side": "-1"}, r"leaves a size open \(image FP16 \[1, -1\]\).*fixed picture size"),
    ],
)
def test_what_the_compiler_cannot_read_is_refused(tmp_path: Path, changes: dict[str, str], told: str) -> None:
    with pytest.raises(ExportError, match=told):
        ir10.read(write(tmp_path, **changes))


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    xml = tmp_path / "model.xml"
    with pytest.raises(ExportError, match="No such file"):
        ir10.read(xml)
    xml.write_text("hello")
    with pytest.raises(ExportError, match=r"cannot be read as an OpenVINO network \(syntax error"):
        ir10.read(xml)
    xml.write_text("<html/>")
    with pytest.raises(ExportError, match="begins with <html>"):
        ir10.read(xml)
    write(tmp_path).with_suffix(".bin").unlink()
    with pytest.raises(ExportError, match=r"model\.bin must lie beside it"):
        ir10.read(xml)
