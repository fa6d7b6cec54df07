"""The rules of a part: what is to be written may not be called. No honest code is accused."""

import pytest

from autograder.course.plan import Part, Plan, read_plan
from autograder.errors import CourseError
from autograder.report import BROKEN, FAILED, PASSED, CheckResult, PartResult
from autograder.rules.style import Notebook, rule_out

GIVEN = ("given-torch", "import torch\nfrom torch import nn\nimport torch.nn.functional as F")
FORBIDS = ("torch.nn.MultiheadAttention", "torch.nn.functional.scaled_dot_product_attention")
PLAN = Plan((Part("attend", forbids=FORBIDS), Part("free")), ())


def uses(*cells: str, plan: Plan = PLAN, functions=None, given=("given-torch",)):
    named = [GIVEN, *((f"cell {number}", source) for number, source in enumerate(cells, start=1))]
    notebook = Notebook(named, functions or {"attend": frozenset({"attend"}), "free": frozenset({"free"})}, given)
    return {part: (use.cell, use.line, use.path) for part, use in notebook.uses(plan, ["attend", "free"]).items()}


CHEATS = {
    "called": "def attend(q):\n    return F.scaled_dot_product_attention(q, q, q)",
    "full name": "def attend(q):\n    return torch.nn.functional.scaled_dot_product_attention(q, q, q)",
    "where it really lives": "def attend(q):\n    return torch.nn.modules.activation.MultiheadAttention(8, 2)(q, q, q)",
    "imported": "from torch.nn import MultiheadAttention\ndef attend(q):\n    return MultiheadAttention(8, 2)(q, q, q)",
    "imported under another name": "from torch.nn import MultiheadAttention as Mine\ndef attend(q):\n    return Mine(8, 2)",
    "imported as what was asked for": "from torch.nn import MultiheadAttention as attend",
    "module under another name": "import torch.nn.functional as calm\ndef attend(q):\n"
                                 "    return calm.scaled_dot_product_attention(q, q, q)",
    "imported inside": "def attend(q):\n    from torch.nn import functional as G\n"
                       "    return G.scaled_dot_product_attention(q, q, q)",
    "star": "from torch.nn import *\ndef attend(q):\n    return MultiheadAttention(8, 2)(q, q, q)",
    "star of a guarded import": "try:\n    from torch.nn import *\nexcept ImportError:\n    pass\n"
                                "def attend(q):\n    return MultiheadAttention(8, 2)(q, q, q)",
    "alias": "sdpa = F.scaled_dot_product_attention\ndef attend(q):\n    return sdpa(q, q, q)",
    "alias of an alias": "n = torch.nn\nm = n\ndef attend(q):\n    return m.MultiheadAttention(8, 2)(q, q, q)",
    "local alias": "def attend(q):\n    m = nn\n    layer = m.MultiheadAttention(8, 2)\n    return layer(q, q, q)",
    "pairs": "a, b = nn, F\ndef attend(q):\n    return b.scaled_dot_product_attention(q, q, q)",
    "getattr": "def attend(q):\n    return getattr(nn, 'MultiheadAttention')(8, 2)(q, q, q)",
    "dict": "def attend(q):\n    return nn.__dict__['MultiheadAttention'](8, 2)(q, q, q)",
    "vars": "def attend(q):\n    return vars(nn)['MultiheadAttention'](8, 2)(q, q, q)",
    "import_module": "import importlib\ndef attend(q):\n    m = importlib.import_module('torch.nn')\n"
                     "    return m.MultiheadAttention(8, 2)(q, q, q)",
    "__import__": "def attend(q):\n    return __import__('torch').nn.MultiheadAttention(8, 2)(q, q, q)",
    "partial": "from functools import partial\ndef attend(q):\n"
               "    return partial(F.scaled_dot_product_attention, q)(q, q)",
    "in a helper": "def helper(q):\n    return F.scaled_dot_product_attention(q, q, q)\n\ndef attend(q):\n    return helper(q)",
    "in a helper's default": "def helper(q, f=F.scaled_dot_product_attention):\n    return f(q, q, q)\n\n"
                             "def attend(q):\n    return helper(q)",
    "in a lambda": "go = lambda q: F.scaled_dot_product_attention(q, q, q)\ndef attend(q):\n    return go(q)",
    "in a global object": "layer = nn.MultiheadAttention(8, 2)\ndef attend(q):\n    return layer(q, q, q)",
    "in a class": "class Helper(nn.Module):\n    def __init__(self):\n        self.a = nn.MultiheadAttention(8, 2)\n\n"
                  "def attend(q):\n    return Helper()(q)",
    "inherited": "class attend(nn.MultiheadAttention):\n    pass",
    "by a wrapper": "def attend(q):\n    return q\n\ndef wrap(f):\n    return lambda q: F.scaled_dot_product_attention(q, q, q)\n\n"
                    "attend = wrap(attend)",
    "by a decorator": "def wrap(f):\n    return lambda q: F.scaled_dot_product_attention(q, q, q)\n\n"
                      "@wrap\ndef attend(q):\n    return q",
    "under a wrapper": "def attend(q):\n    return F.scaled_dot_product_attention(q, q, q)\n\ndef wrap(f):\n    return f\n\n"
                       "attend = wrap(attend)",
    "patched in": "class attend:\n    pass\n\nattend.forward = lambda self, q: F.scaled_dot_product_attention(q, q, q)",
    "patched in by setattr": "class attend:\n    pass\n\n"
                             "setattr(attend, 'forward', lambda self, q: F.scaled_dot_product_attention(q, q, q))",
    "in a nested function": "def attend(q):\n    def go():\n        return F.scaled_dot_product_attention(q, q, q)\n    return go()",
    # evasions
    "attrgetter": "import operator\nsdpa = operator.attrgetter('scaled_dot_product_attention')(F)\ndef attend(q):\n    return sdpa(q, q, q)",
    "attrgetter dotted": "from operator import attrgetter\ndef attend(q):\n    return attrgetter('nn.functional.scaled_dot_product_attention')(torch)(q,q,q)",
    "methodcaller": "from operator import methodcaller\ndef attend(q):\n    return methodcaller('scaled_dot_product_attention', q, q, q)(F)",
    "getattr concat": "def attend(q):\n    return getattr(F, 'scaled_dot' + '_product_attention')(q, q, q)",
    "getattr variable": "name = 'scaled_dot_product_attention'\ndef attend(q):\n    return getattr(F, name)(q, q, q)",
    "getattr local variable": "def attend(q):\n    name = 'scaled_dot_product_attention'\n    return getattr(F, name)(q, q, q)",
    "getattr join": "def attend(q):\n    return getattr(F, '_'.join(['scaled', 'dot', 'product', 'attention']))(q, q, q)",
    "getattr fstring": 'def attend(q):\n    return getattr(F, f\'scaled_dot_product_{"attention"}\')(q, q, q)',
    "getattr reversed": "def attend(q):\n    return getattr(F, 'noitnetta_tcudorp_tod_delacs'[::-1])(q, q, q)",
    "import_module concat": "import importlib\ndef attend(q):\n    return importlib.import_module('torch.' + 'nn').MultiheadAttention(8,2)(q,q,q)",
    "sys.modules": "import sys\ndef attend(q):\n    return sys.modules['torch.nn.functional'].scaled_dot_product_attention(q,q,q)",
    "globals": "def attend(q):\n    return globals()['F'].scaled_dot_product_attention(q,q,q)",
    "exec": "exec('def attend(q):\\n    return F.scaled_dot_product_attention(q,q,q)')",
    "eval": "def attend(q):\n    return eval('F.scaled_dot_product_attention')(q,q,q)",
    "eval lambda": "attend = eval('lambda q: F.scaled_dot_product_attention(q,q,q)')",
    "__getattribute__": "def attend(q):\n    return F.__getattribute__('scaled_dot_product_attention')(q,q,q)",
    "object getattribute": "def attend(q):\n    return object.__getattribute__(F, 'scaled_dot_product_attention')(q,q,q)",
    "type getattr builtins": "import builtins\ndef attend(q):\n    return builtins.getattr(F, 'scaled_dot_product_attention')(q,q,q)",
    "operator.getitem": "from operator import getitem\ndef attend(q):\n    return getitem(F.__dict__, 'scaled_dot_product_attention')(q,q,q)",
    "dict get": "def attend(q):\n    return vars(F).get('scaled_dot_product_attention')(q,q,q)",
    "dict of functions": "ways = {'a': F.scaled_dot_product_attention}\ndef attend(q):\n    return ways['a'](q,q,q)",
    "list appended": 'ways = []\nways.append(F.scaled_dot_product_attention)\ndef attend(q):\n    return ways[0](q,q,q)',
    "subscript stored": "ways = {}\nways['a'] = F.scaled_dot_product_attention\ndef attend(q):\n    return ways['a'](q,q,q)",
    "default arg": 'def attend(q, f=F.scaled_dot_product_attention):\n    return f(q,q,q)',
    "walrus": 'def attend(q):\n    return (f := F).scaled_dot_product_attention(q,q,q)',
    "walrus later": 'def attend(q):\n    (f := F)\n    return f.scaled_dot_product_attention(q,q,q)',
    "for alias": 'for f in [F]:\n    pass\ndef attend(q):\n    return f.scaled_dot_product_attention(q,q,q)',
    "for alias local": 'def attend(q):\n    for f in (F,):\n        return f.scaled_dot_product_attention(q,q,q)',
    "ternary": 'f = F if True else None\ndef attend(q):\n    return f.scaled_dot_product_attention(q,q,q)',
    "or": 'f = None or F\ndef attend(q):\n    return f.scaled_dot_product_attention(q,q,q)',
    "tuple index": 'f = (F,)[0]\ndef attend(q):\n    return f.scaled_dot_product_attention(q,q,q)',
    "reassigned local": 'def attend(q):\n    f = None\n    f = F\n    return f.scaled_dot_product_attention(q,q,q)',
    "class attr": 'class K:\n    f = F.scaled_dot_product_attention\ndef attend(q):\n    return K.f(q,q,q)',
    "map": 'def attend(q):\n    return list(map(F.scaled_dot_product_attention, [q],[q],[q]))[0]',
    "globals assign": "globals()['attend'] = lambda q: F.scaled_dot_product_attention(q,q,q)",
    "type()": "attend = type('attend', (nn.MultiheadAttention,), {})",
    "types.FunctionType": 'def attend(q):\n    return q\ndef other(q):\n    return F.scaled_dot_product_attention(q,q,q)\nattend.__code__ = other.__code__',
    "setattr module": 'import torch\ntorch.tanh = F.scaled_dot_product_attention\ndef attend(q):\n    return torch.tanh(q, q, q)',
    "global stmt": 'def setup():\n    global attend\n    attend = F.scaled_dot_product_attention\nsetup()',
    "async": 'async def h(q):\n    return F.scaled_dot_product_attention(q,q,q)\ndef attend(q):\n    return h(q).send(None)',
    "comprehension": 'def attend(q):\n    return [f.scaled_dot_product_attention(q,q,q) for f in [F]][0]',
    "torch.ops": 'def attend(q):\n    return torch.ops.aten.scaled_dot_product_attention(q,q,q)',
    "torch._C": 'def attend(q):\n    return torch._C._nn.scaled_dot_product_attention(q,q,q)',
    "method of module": 'def attend(q):\n    return nn.MultiheadAttention.forward(nn.MultiheadAttention(8,2), q,q,q)',
    "star import": 'from torch.nn.functional import *\ndef attend(q):\n    return scaled_dot_product_attention(q,q,q)',
    "decorator class": 'class W:\n    def __init__(self, f): pass\n    def __call__(self, q): return F.scaled_dot_product_attention(q,q,q)\n@W\ndef attend(q):\n    return q',
    "metaclass module getattr": "import torch.nn.functional\ndef attend(q):\n    return torch.nn.__dict__['functional'].__dict__['scaled_dot_product_attention'](q,q,q)",
    "nested class": 'class attend:\n    class Inner(nn.MultiheadAttention):\n        pass',
    "del": 'x = F\ndel F\ndef attend(q):\n    return x.scaled_dot_product_attention(q,q,q)',
    "augassign": 'f = 0\nf += 1\nf = F\ndef attend(q):\n    return f.scaled_dot_product_attention(q,q,q)',
    "inspect/pkgutil": "import pkgutil\ndef attend(q):\n    return pkgutil.resolve_name('torch.nn.functional:scaled_dot_product_attention')(q,q,q)",
}


@pytest.mark.parametrize("source", CHEATS.values(), ids=CHEATS.keys())
def test_a_call_is_found(source):
    (part, (cell, line, path)), = uses(source).items()
    assert (part, cell) == ("attend", "cell 1")
    assert path.endswith(("MultiheadAttention", "scaled_dot_product_attention"))
    assert 1 <= line <= source.count("\n") + 1


HONEST = {
    "comments and strings": 'def attend(q):\n    """Like nn.MultiheadAttention."""\n    # F.scaled_dot_product_attention(q)\n'
                            '    return "nn.MultiheadAttention"',
    "unused import": "from torch.nn import MultiheadAttention\ndef attend(q):\n    return q",
    "own class of that name": "class MultiheadAttention(nn.Module):\n    pass\n\ndef attend(q):\n"
                              "    return MultiheadAttention()(q)",
    "own class after an import": "from torch.nn import MultiheadAttention\nclass MultiheadAttention(nn.Module):\n    pass\n\n"
                                 "def attend(q):\n    return MultiheadAttention()(q)",
    "own function of that name": "def scaled_dot_product_attention(q):\n    return q.softmax(-1)\n\ndef attend(q):\n"
                                 "    return scaled_dot_product_attention(q)",
    "own method of that name": "class A:\n    def scaled_dot_product_attention(self, q):\n        return q\n\n"
                               "def attend(q):\n    return A().scaled_dot_product_attention(q)",
    "a local of that name": "from torch.nn.functional import scaled_dot_product_attention\ndef attend(q):\n"
                            "    scaled_dot_product_attention = q.softmax(-1)\n    return scaled_dot_product_attention",
    "an argument of that name": "def attend(F):\n    return F.scaled_dot_product_attention(1)",
    "not reached": "def compare(q):\n    return attend(q) - F.scaled_dot_product_attention(q, q, q)\n\ndef attend(q):\n    return q",
    "called beside it": "def attend(q):\n    return q\n\ntheirs = nn.MultiheadAttention(8, 2)\nprint(attend(3))",
    "another part": "def attend(q):\n    return q\n\ndef free(q):\n    return F.scaled_dot_product_attention(q, q, q)",
    "an annotation": "def attend(q: nn.MultiheadAttention) -> nn.MultiheadAttention:\n    x: nn.MultiheadAttention = q\n    return x",
    "isinstance": "def attend(q):\n    return isinstance(q, nn.MultiheadAttention)",
    "written anew": "def attend(q):\n    return F.scaled_dot_product_attention(q, q, q)\n\ndef attend(q):\n    return q",
    "another package": "import mylib\ndef attend(q):\n    return mylib.MultiheadAttention(q)",
    "other library functions": "def attend(q):\n    return F.softmax(nn.Linear(2, 2)(q), -1)",
    "nothing that compiles": "def attend(q:\n    F.scaled_dot_product_attention(q, q, q)",
    "an alias of itself": "nn = nn\nloop = pool\npool = loop\ndef attend(q):\n    return loop(nn.Linear(2, 2))",
    "compared with it": "def attend(q):\n    return torch.softmax(q, -1)\n\nprint(torch.allclose(attend(1), F.scaled_dot_product_attention(1)))\n"
                        "torch.manual_seed(0)\nerrors = []\nerrors.append(F.scaled_dot_product_attention(1))",
    "a loop over others": "for layer in (nn.Linear, nn.MultiheadAttention):\n    print(layer)\n\ndef attend(q):\n    return q",
    "a key of that name": "def attend(q, params):\n    return params['MultiheadAttention'] + vars(q)['scaled_dot_product_attention']",
    "text that is shown": "name = 'F.scaled_dot_product_attention'\ndef attend(q):\n    print('like ' + name)\n    return q",
    "getattr of one's own": "def attend(q):\n    return getattr(q, 'scaled_dot_product_attention', None)",
    "an odd escape": "def attend(q):\n    return '\\d'",
}


@pytest.mark.parametrize("source", HONEST.values(), ids=HONEST.keys())
def test_nobody_honest_is_accused(source):
    assert uses(source) == {}


# What only running the code could tell, or what would cost honest people an accusation: SECURITY.md says so.
UNSEEN = {
    "importlib as": "from importlib import import_module as im\ndef attend(q):\n    return im('torch.nn').MultiheadAttention(8,2)(q,q,q)",
    "getattr alias": "g = getattr\ndef attend(q):\n    return g(F, 'scaled_dot_product_attention')(q,q,q)",
    "with alias": 'from contextlib import nullcontext\ndef attend(q):\n    with nullcontext(F) as f:\n        return f.scaled_dot_product_attention(q,q,q)',
    "argument alias": 'def helper(f, q):\n    return f.scaled_dot_product_attention(q,q,q)\ndef attend(q):\n    return helper(F, q)',
    "lambda alias": 'f = lambda: F\ndef attend(q):\n    return f().scaled_dot_product_attention(q,q,q)',
    "self attr": 'class K:\n    def __init__(self):\n        self.f = F\n    def go(self, q):\n        return self.f.scaled_dot_product_attention(q,q,q)\ndef attend(q):\n    return K().go(q)',
    "reduce": "import functools\ndef attend(q):\n    return functools.reduce(getattr, 'nn.functional.scaled_dot_product_attention'.split('.'), torch)(q,q,q)",
    "match": 'def attend(q):\n    match F:\n        case f:\n            return f.scaled_dot_product_attention(q,q,q)',
    "del redefine": 'def attend(q):\n    return F.scaled_dot_product_attention(q,q,q)\nf2 = attend\ndef attend(q):\n    return f2(q)',
    "property": 'class W:\n    @property\n    def f(self): return F\ndef attend(q):\n    return W().f.scaled_dot_product_attention(q,q,q)',
    "two stars": 'from math import *\nfrom torch.nn.functional import *\ndef attend(q):\n    return scaled_dot_product_attention(q,q,q)',
}


@pytest.mark.parametrize("source", UNSEEN.values(), ids=UNSEEN.keys())
def test_what_is_not_seen_is_known(source):
    """If one of these is found now, move it to CHEATS."""
    assert uses(source) == {}


def test_the_last_cell_counts_and_the_first_line_is_named():
    assert uses("def attend(q):\n    return q", "x = 1\n\ndef attend(q):\n    f = F\n    return f.scaled_dot_product_attention(q)\n") \
        == {"attend": ("cell 2", 5, "torch.nn.functional.scaled_dot_product_attention")}


def test_the_courses_own_cells_may():
    cell = "def given(q):\n    return F.scaled_dot_product_attention(q, q, q)\n\ndef attend(q):\n    return given(q)"
    assert uses(cell, given=("given-torch", "cell 1")) == {}
    assert uses(cell)


def test_a_whole_package():
    plan = Plan((Part("attend", forbids=("torch",)), Part("free")), ())
    assert uses("def attend(q):\n    return torch.tanh(q)", plan=plan) == {"attend": ("cell 1", 2, "torch.tanh")}
    assert uses("import numpy as np\nimport torchlike\ndef attend(q):\n    return np.tanh(torchlike.x(q))", plan=plan) == {}


def test_another_part_with_the_same_rule_is_judged_by_itself():
    cell = "def free(q):\n    return F.scaled_dot_product_attention(q, q, q)\n\ndef attend(q):\n    return free(q)"
    both = Plan((Part("attend", forbids=FORBIDS), Part("free", forbids=FORBIDS)), ())
    assert list(uses(cell, plan=both)) == ["free"]
    assert list(uses(cell)) == ["attend"]


def test_hostile_depth_and_length():
    deep = "def attend(q):\n    return " + "+".join(["q"] * 5000) + "\n"
    nested = "def attend(q):\n    return " + "(" * 5000 + "q" + ")" * 5000
    chained = "def attend(q):\n    return F" + ".x" * 2000
    many = "\n".join(f"def f{n}(q):\n    return f{n + 1}(q)" for n in range(2000)) + "\ndef attend(q):\n    return f0(q)"
    doubled = "\n".join(f"a{n} = a{n + 1} + a{n + 1}" for n in range(60)) + "\na60 = 'x'\ndef attend(q):\n    return getattr(q, a0)"
    spread = "\n".join(f"b{n} = [{', '.join([f'b{n + 1}'] * 50)}]" for n in range(60)) + "\ndef attend(q):\n    return b0.x"
    endless = 's = "exec(s)"\ndef attend(q):\n    exec(s)\n'
    for source in (deep, nested, chained, many, doubled, spread, endless, "\0", "attend = " * 500 + "1"):
        assert uses(source) == {}


def test_a_part_that_calls_what_it_is_to_write_fails():
    kept = [CheckResult("b", "two", 1, BROKEN, points=1), CheckResult("c", "three", 1, FAILED, attempted=False)]
    result = PartResult("attend", [CheckResult("a", "one", 2, PASSED, points=2, follow_through=True), *kept], ["before"])
    notebook = Notebook([GIVEN, ("cell 7", CHEATS["called"])], {"attend": frozenset({"attend"})})
    rule_out([result], PLAN, notebook)
    assert result.checks[0].verdict == FAILED and result.points == 1 and result.follow_through == []
    assert result.checks[0].found == ("`attend` is to be written, not called: cell 7, line 2 calls "
                                      "`torch.nn.functional.scaled_dot_product_attention`")
    assert [check.verdict for check in kept] == [BROKEN, FAILED] and kept[1].found == ""


def test_rules_are_read_from_checks_py(tmp_path):
    checks = tmp_path / "checks.py"
    text = 'part("a", forbids={})\n@points("a", 1)\ndef test_a(student):\n    """a sentence"""\n'
    checks.write_text(text.format('["torch.nn.LayerNorm"]'))
    assert read_plan(checks).part("a").forbids == ("torch.nn.LayerNorm",)
    for wrong in ('"torch"', "[1]", '["torch."]', '["torch nn"]'):
        checks.write_text(text.format(wrong))
        with pytest.raises(CourseError):
            read_plan(checks)


OWN = "import torch.nn.functional as F\n\n\ndef quick(q):\n    return F.scaled_dot_product_attention(q, q, q)\n\n\ndef slow(q):\n    return q\n"


@pytest.mark.parametrize("cell, found", [
    ("from helpers import quick\ndef attend(q):\n    return quick(q)", True),
    ("from helpers import quick as attend", True),
    ("import helpers\ndef attend(q):\n    return helpers.quick(q)", True),
    ("import helpers as h\ndef attend(q):\n    return h.quick(q)", True),
    ("from helpers import *\ndef attend(q):\n    return quick(q)", True),
    ("def attend(q):\n    from helpers import quick as mine\n    return mine(q)", True),
    ("import helpers\ndef attend(q):\n    return helpers.slow(q)", False),
    ("from helpers import slow\ndef attend(q):\n    return slow(q)", False),
])
def test_a_students_own_module_is_read_too(cell, found):
    notebook = Notebook([GIVEN, ("cell 1", cell)], {"attend": frozenset({"attend"})}, ("given-torch",), {"helpers.py": OWN})
    uses = notebook.uses(PLAN, ["attend"])
    assert [(use.cell, use.line) for use in uses.values()] == ([("helpers.py", 5)] if found else [])
