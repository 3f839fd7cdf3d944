"""The manifests: names, labels, ports and commands agree, nobody is root, and no cluster is written down."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from loadtests.profiles.load import known_profiles
from tests.architecture.source import ROOT

FOLDER: Final = ROOT / "loadtests/kubernetes"
ROOT_FILE: Final = "kustomization.yaml"
NAME: Final = "app.kubernetes.io/name"
KUSTOMIZATION: Final[dict[str, Any]] = yaml.safe_load((FOLDER / ROOT_FILE).read_text(encoding="utf-8"))
LITERALS: Final = dict(literal.split("=") for literal in KUSTOMIZATION["configMapGenerator"][0]["literals"])


def documents() -> Iterator[dict[str, Any]]:
    for name in KUSTOMIZATION["resources"]:
        yield yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


OBJECTS: Final[dict[tuple[str, str], dict[str, Any]]] = {
    (document["kind"], document["metadata"]["name"]): document for document in documents()
}
JOBS: Final = ("load-master", "load-workers")


def pod(job: str) -> dict[str, Any]:
    template = OBJECTS["Job", job]["spec"]["template"]
    return {**template["spec"], "labels": template["metadata"]["labels"]}


def container(job: str) -> dict[str, Any]:
    [only] = pod(job)["containers"]
    found: dict[str, Any] = only
    return found


def leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from chain.from_iterable(map(leaves, value.values()))
    elif isinstance(value, list):
        yield from chain.from_iterable(map(leaves, value))
    elif isinstance(value, str):
        yield value


def test_every_manifest_is_built_and_no_other() -> None:
    """The kustomization names every manifest of the folder, and every object is there once."""
    files = {file.name for file in FOLDER.glob("*.yaml")} - {ROOT_FILE}
    assert set(KUSTOMIZATION["resources"]) == files
    assert sorted(OBJECTS) == [
        ("Job", "load-master"),
        ("Job", "load-workers"),
        ("NetworkPolicy", "load-master"),
        ("NetworkPolicy", "load-workers"),
        ("PersistentVolumeClaim", "load-runs"),
        ("Service", "load-master"),
        ("ServiceAccount", "load-tests"),
    ]
    assert len(list(documents())) == len(OBJECTS)


@pytest.mark.parametrize("job", JOBS)
def test_a_run_is_made_once(job: str) -> None:
    """No pod is made again: a second try would be another run, and a worker that comes back has forgotten."""
    spec = OBJECTS["Job", job]["spec"]
    # By index for workers: a Job that has failed ends its other pods, too.
    assert spec["backoffLimitPerIndex" if spec.get("completionMode") == "Indexed" else "backoffLimit"] == 0
    assert pod(job)["restartPolicy"] == "Never"
    assert spec["activeDeadlineSeconds"] > 4 * 3600
    assert pod(job)["terminationGracePeriodSeconds"] >= 120


def test_workers_are_not_ended_before_their_master() -> None:
    """Whose time is over first would be lost; the master ends the run, and tells them."""
    master, workers = (OBJECTS["Job", job]["spec"]["activeDeadlineSeconds"] for job in JOBS)
    assert workers >= master + pod("load-master")["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("job", JOBS)
def test_nobody_is_root_and_nothing_is_writable_but_two_folders(job: str) -> None:
    """Pods run as somebody without rights, on a read-only file system, with room for runs and for scratch."""
    rights, inside = pod(job)["securityContext"], container(job)["securityContext"]
    assert rights["runAsNonRoot"] is True
    assert rights["runAsUser"] > 0
    assert rights["runAsGroup"] > 0
    assert rights["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inside == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounts = {mount["name"]: mount["mountPath"] for mount in container(job)["volumeMounts"]}
    assert mounts == {"runs": "/runs", "scratch": "/tmp"}  # noqa: S108 - inside the container
    assert {volume["name"] for volume in pod(job)["volumes"]} == set(mounts)
    assert pod(job)["automountServiceAccountToken"] is False
    assert OBJECTS["ServiceAccount", pod(job)["serviceAccountName"]]["automountServiceAccountToken"] is False


@pytest.mark.parametrize("job", JOBS)
def test_secrets_come_by_reference(job: str) -> None:
    """Variables come from the generated map and from a Secret that no manifest holds."""
    assert container(job)["envFrom"] == [
        {"configMapRef": {"name": KUSTOMIZATION["configMapGenerator"][0]["name"]}},
        {"secretRef": {"name": "load-tests"}},
    ]
    assert not any(kind == "Secret" for kind, _ in OBJECTS)
    assert not any("key" in name.lower() or "secret" in name.lower() for name in LITERALS)


@pytest.mark.parametrize("job", JOBS)
def test_a_service_is_no_option_of_locust(job: str) -> None:
    """Variables that Kubernetes makes of Services stay out of pods, since Locust would read some as options."""
    assert pod(job)["enableServiceLinks"] is False


@pytest.mark.parametrize("job", JOBS)
def test_whoever_is_told_to_end_ends(job: str) -> None:
    """The kernel spares process 1 a signal for which it has no handler, so it must be another one."""
    assert pod(job)["shareProcessNamespace"] is True


def test_pods_of_the_last_run_are_gone_before_the_next() -> None:
    """They have the same labels: workers would find a master that ends, and a master workers that do."""
    commands = re.findall(r"kubectl delete job [^`#\n]*", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert len(commands) == 2
    assert all("--cascade=foreground" in command for command in commands)


KUBECTL: Final = """\
#!/bin/sh
# A cluster. JOB, POD and LOG are its answers, one after the other, of which the last stands: - is nothing.
echo "$1 $2" >> "$CALLS"
asked=$(grep --count --line-regexp -- "$1 $2" "$CALLS")
answer() {
  while [ "$asked" -gt 1 ] && [ $# -gt 1 ]; do shift; asked=$((asked - 1)); done
  case "$1" in -) ;; refused) echo "not to be had" >&2; exit 1 ;; *) printf "$1" ;; esac
}
case "$1 $2" in
  "get job") answer $JOB ;;
  "get pods") answer $POD ;;
  logs*) asked=$(grep --count ^logs "$CALLS"); answer $LOG ;;
  apply*) exit "${APPLIES:-0}" ;;
  kustomize*) echo "  template:"; echo "        image: REGISTRY/load-tests@sha256:0"; echo "        image: other" ;;
  create*) cat >&2 ;;
  exec*) echo lost+found; echo load-master-new; echo load-master-old ;;
  cp*) echo "$@" ;;
esac
"""


def done_in_a_cluster(chapter: str, tmp_path: Path, **answers: str) -> "subprocess.CompletedProcess[str]":
    """The commands of a chapter, done."""
    [commands] = re.findall(
        rf"\n## {chapter}\n[^`]*```sh\n(.*?)```\n", (FOLDER / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    for name, program in {"kubectl": KUBECTL, "sleep": "#!/bin/sh\n"}.items():
        (tmp_path / name).write_text(program, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    return subprocess.run(
        ["/bin/sh", "-c", commands],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "CALLS": str(tmp_path / "calls"), **answers},
    )


@pytest.mark.parametrize("code", [0, 1, 75, 82, 137])
def test_the_commands_of_a_run_end_with_its_verdict(code: int, tmp_path: Path) -> None:
    """However late a pod starts, and a log or the cluster breaks off, it is followed until there is an exit code."""
    done = done_in_a_cluster(
        "Run", tmp_path, JOB="- 1 refused 1 -", POD=f"- - refused {code}", LOG="- refused first first\\n VERDICT\\n -"
    )
    assert (done.returncode, done.stdout.split()) == (code, ["first", "VERDICT"])


def test_a_run_whose_pod_is_gone_is_inconclusive(tmp_path: Path) -> None:
    """Its log has ended and its exit code has gone with it."""
    done = done_in_a_cluster("Run", tmp_path, JOB="- 1 1 -", POD="-", LOG="first first\\n -")
    assert (done.returncode, done.stdout.split()) == (75, ["first"])


def test_a_run_that_does_not_begin_is_inconclusive(tmp_path: Path) -> None:
    """For want of quota, node or image: it is waited for as long as a node may take, and the cluster says why."""
    done = done_in_a_cluster("Run", tmp_path, JOB="- 1", POD="-", LOG="refused")
    assert done.returncode == 75
    assert "describe job,pod\n" in (tmp_path / "calls").read_text(encoding="utf-8")


def test_a_run_that_the_cluster_refuses_is_none(tmp_path: Path) -> None:
    """What another run has left there is not taken for it."""
    done = done_in_a_cluster("Run", tmp_path, APPLIES="1", JOB="-", POD="0", LOG="VERDICT\\n")
    assert (done.returncode, done.stdout) == (66, "")


@pytest.mark.parametrize("job", ["1", "refused"])
def test_a_run_that_is_under_way_is_not_ended_by_another(job: str, tmp_path: Path) -> None:
    """Nothing is deleted or applied as long as its master is at work, or nobody says whether it is."""
    done = done_in_a_cluster("Run", tmp_path, JOB=job, POD="0", LOG="VERDICT\\n")
    assert (done.returncode, done.stdout) == (66, "")
    assert "wait until it has ended" in done.stderr
    calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    assert calls == ["config set-context", "get job"]


def test_the_evidence_is_read_by_a_pod_that_may_no_more_than_the_master(tmp_path: Path) -> None:
    """It is admissible where the master is, has its image and nothing but its volume, and the newest run is copied."""
    done = done_in_a_cluster("Read the evidence", tmp_path)
    assert done.stdout.split() == ["cp", "load-reader:/runs/load-master-new", "runs/load-master-new"]
    reader = yaml.safe_load(done.stderr)
    [inside] = reader["spec"]["containers"]
    master, room = pod("load-master"), {volume["name"]: volume for volume in pod("load-master")["volumes"]}
    same = ("securityContext", "serviceAccountName", "automountServiceAccountToken", "restartPolicy")
    assert {part: reader["spec"][part] for part in same} == {part: master[part] for part in same}
    assert inside["securityContext"] == container("load-master")["securityContext"]
    assert inside["image"] == "REGISTRY/load-tests@sha256:0"
    assert reader["spec"]["volumes"] == [room["runs"]]
    assert inside["volumeMounts"] == [{"name": "runs", "mountPath": "/runs", "readOnly": True}]
    assert not {"envFrom", "env", "ports"} & inside.keys()
    # Else policies and Service took it for one of them.
    assert "labels" not in reader["metadata"]


@pytest.mark.parametrize("job", JOBS)
def test_a_core_is_asked_for_and_never_taken_away(job: str) -> None:
    """Each process asks for a core and memory, and only its memory is limited."""
    resources = container(job)["resources"]
    assert resources["requests"]["cpu"] == "1"
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert set(resources["limits"]) == {"memory"}


def test_workers_find_their_master() -> None:
    """The name that workers call is the Service, which leads to the master's pod and port, and policies let them."""
    service, master = OBJECTS["Service", "load-master"], container("load-master")
    assert "--master-host=load-master" in container("load-workers")["args"]
    assert service["spec"]["selector"].items() <= pod("load-master")["labels"].items()
    [offered] = service["spec"]["ports"]
    [open_port] = master["ports"]
    assert offered["targetPort"] == open_port["name"]
    assert offered["port"] == open_port["containerPort"]
    policies = {name: OBJECTS["NetworkPolicy", name]["spec"] for name in JOBS}
    [comes], [goes, _] = policies["load-master"]["ingress"], policies["load-workers"]["egress"]
    assert comes["from"][0]["podSelector"]["matchLabels"] == {NAME: "load-workers"}
    assert goes["to"][0]["podSelector"]["matchLabels"] == {NAME: "load-master"}
    assert comes["ports"] == goes["ports"] == [{"port": open_port["name"], "protocol": "TCP"}]
    assert "ingress" not in policies["load-workers"]


@pytest.mark.parametrize("job", JOBS)
def test_labels_agree(job: str) -> None:
    """A Job, its pods and its policy are known by the same label, and its volume claim exists."""
    assert pod(job)["labels"] == {NAME: job}
    assert OBJECTS["Job", job]["metadata"]["labels"] == {NAME: job}
    policy = OBJECTS["NetworkPolicy", job]["spec"]
    assert policy["podSelector"]["matchLabels"] == {NAME: job}
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    claims = [v["persistentVolumeClaim"]["claimName"] for v in pod(job)["volumes"] if "persistentVolumeClaim" in v]
    assert all(("PersistentVolumeClaim", claim) in OBJECTS for claim in claims)


def test_as_many_workers_are_made_as_are_expected() -> None:
    """The number of workers is one literal, which the master expects and the workers' Job is given."""
    [replacement] = KUSTOMIZATION["replacements"]
    assert replacement["source"] == {"kind": "ConfigMap", "name": "load-tests", "fieldPath": "data.WORKERS"}
    assert replacement["targets"] == [
        {"select": {"kind": "Job", "name": "load-workers"}, "fieldPaths": ["spec.parallelism", "spec.completions"]}
    ]
    assert int(LITERALS["WORKERS"]) > 0
    assert "--expect-workers=$(WORKERS)" in container("load-master")["args"]


def test_every_variable_of_a_command_is_given() -> None:
    """What commands refer to is a literal or a variable of the container, and the profile exists."""
    master = container("load-master")
    given = {*LITERALS, *(variable["name"] for variable in master["env"])}
    assert set(re.findall(r"\$\((\w+)\)", " ".join(master["args"]))) <= given
    assert LITERALS["PROFILE"] in known_profiles()
    assert float(LITERALS["RATE_SCALE"]) == 1


def test_nothing_of_any_cluster_is_written_down() -> None:
    """Manifests have no address, registry or namespace; the image is a placeholder that is set from outside."""
    assert {container(job)["image"] for job in JOBS} == {image["name"] for image in KUSTOMIZATION["images"]}
    assert not any("namespace" in document["metadata"] for document in OBJECTS.values())
    text = [leaf for document in OBJECTS.values() for leaf in leaves(document)]
    assert not [leaf for leaf in text if "://" in leaf or re.search(r"\.(com|io|org|net|local)\b(?!/)", leaf)]


@pytest.mark.parametrize("job", JOBS)
def test_locust_takes_the_command(job: str) -> None:
    """Locust's own parser, with our options, takes every argument of the command."""
    arguments = container(job)["args"]
    for name, value in {**LITERALS, "RUN": "load-master-x"}.items():
        arguments = [argument.replace(f"$({name})", value) for argument in arguments]
    program = (
        "import sys; from locust.argument_parser import get_empty_argument_parser, setup_parser_arguments;"
        "from loadtests.options import add_options;"
        "parser = get_empty_argument_parser(add_help=False); setup_parser_arguments(parser); add_options(parser);"
        "options = parser.parse_args(sys.argv[1:]);"
        "print(options.locustfile, options.master, options.worker)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=ROOT,
        env={**os.environ, "LOCUST_SKIP_MONKEY_PATCH": "1"},
    )
    leads = job == "load-master"
    assert done.stdout.split() == ["loadtests/locustfile.py", str(leads), str(not leads)]
