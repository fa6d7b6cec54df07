"""Text that is code for a terminal, a browser or a spreadsheet.

Tries: ANSI sequences, HTML with a script, a CSV formula and lone surrogates in messages, names and output.
Stopped by: here it is only text, capped and encodable; what shows it must escape it.
"""


def answer(x):
    text = "\x1b[2J\x1b]0;owned\x07<script>alert(1)</script><img src=x onerror=alert(1)>=cmd|'/c calc'!A1\ud800\x00\u202e"
    print(text)
    raise type(text.replace("\x00", ""), (Exception,), {})(text)
