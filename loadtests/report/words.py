"""Questions of a budget in plain words, with the numbers that `guide` stands for."""

from loadtests.budgets.model import ALL, Good, Over, Percentile, plain
from loadtests.budgets.questions import Question
from loadtests.report.numbers import latency, share


def who(question: Question) -> str:
    """Of whom it is asked."""
    return "all operations" if question.name == ALL else question.name


def what(question: Question) -> str:
    """What is asked: `at most 5 % take longer than 1 s`."""
    line = question.line
    match line:
        case Percentile():
            return f"{plain(line.percent)} % within {latency(question.limit)}"
        case Over():
            return f"at most {share(question.allowed)} take longer than {latency(question.limit)}"
        case Good():
            return f"at least {plain(line.share.percent)} % {line.word}"
        case _:
            return f"at most {share(question.allowed)} fail"


def asked(question: Question) -> str:
    """Both."""
    return f"{who(question)}: {what(question)}"
