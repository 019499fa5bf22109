"""Calls that start processes: found in part of the tree, the same ones in the same order as in all of it."""

from __future__ import annotations

import ast

import pytest

from rewire.project.launch import constants, starting

TEXTS = {
    "nested": "import os\nclass A:\n    def b(self):\n        x = [subprocess.run(y) for y in call(z)]\n\n\nrun(1)\n",
    "decorator": "@app.run(1)\n@other\ndef f():\n    pass\n\n\nclass C(call(2)):\n    pass\n",
    "arguments": "outer(\n    a,\n    key=lambda b=check_call(\n        [1]\n    ): b,\n)\nsystem('x')\n",
    "name and bracket apart": "subprocess.run \\\n(1)\nsubprocess.call  # why\n(2)\nsubprocess.Popen\\\n  (3)\n",
    "in a string's fields": "x = f'''\n{a}\n{system(\n1)}\n{b}\n'''\ny = f'{run(2)}'\n",
    "other line ends": "a = 1\r\nif a:\r\n    run(1)\r\nelse:\r    call(2)\rPopen(3)\n",
    "form feed": "a = 1\n\x0c\nrun(1)\n",
    "cases and handlers": (
        "match a:\n    case 1 if call(1):\n        run(2)\ntry:\n    pass\nexcept run(3):\n    import a\n"
        "else:\n    from b import c\nfinally:\n    with system(4) as d:\n        import e\n"
    ),
    "no such call": "run = 1\nx.run()\nx().run(1)\n# run(1)\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_as_in_the_whole_tree(text: str) -> None:
    tree = ast.parse(text)
    expected = [ast.dump(node) for node in ast.walk(tree) if starting.is_start(node)]
    found = starting.find_starts(text)
    assert [ast.dump(call) for call in found[1]] == expected if found else expected == []
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [node for node in constants.statements(tree) if node in imports] == imports


def test_the_texts_tell_something() -> None:
    assert sum(starting.find_starts(text) is not None for text in TEXTS.values()) == len(TEXTS) - 1
