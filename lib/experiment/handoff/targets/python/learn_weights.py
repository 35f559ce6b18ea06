"""Learns the tasks' weights: stage 1 of tDRO. Train the reference first:

    launch/torchrun.sh 8 train.py --weights uniform --out out/uniform
    launch/torchrun.sh 8 learn_weights.py --reference out/uniform/model
    tdro weights replay out/weights/losses.jsonl --out out/weights/replayed
    launch/torchrun.sh 8 train.py --weights out/weights/replayed/curr_weights.json
"""

from pathlib import Path

from tdro_handoff.loss_log import LossLog
from tdro_handoff.losses import WeighedLoss
from tdro_handoff.project import Project, parser
from tdro_handoff.rows import Rows, WeightedBatchSampler
from tdro_handoff.trainer import Collator, TdroTrainer, load_model, training_arguments
from tdro_handoff.weights import TaskWeights, write_weights
from transformers import TrainerCallback


def arguments():
    settings = Project().settings
    options = parser(__doc__, out="weights", steps=settings["weightSteps"], batch_size=settings["weightBatchSize"])
    options.add_argument("--seed", type=int, default=settings["seed"], help="seed of the draws")
    options.add_argument("--reference", required=True, help="model that was trained uniformly")
    return options.parse_args()


class TakeUp(TrainerCallback):
    """Takes the weights up where a resumed training left them."""

    def __init__(self, weights, log):
        self.weights, self.log = weights, log

    def on_train_begin(self, args, state, control, **kwargs):
        lines = self.log.before(state.global_step)
        if len(lines) < state.global_step:
            raise SystemExit(f"{self.log.path}: lines of the first {state.global_step} steps are missing")
        for line in lines:
            self.weights.step(line["losses"], line["reference_losses"], line["domains"])


def main():
    given = arguments()
    project = Project(cpu=given.cpu, seed=given.seed)
    settings, tasks = project.settings, project.tasks
    options = training_arguments(given.out, settings, steps=given.steps)
    with options.main_process_first(desc="reading the data"):
        rows = Rows(project)
    names = {"measure": "measure", "eta": "eta", "referenceFloor": "reference_floor", "floorAsAt": "floor_as_at"}
    update = {there: settings[here] for here, there in names.items() if here in settings}
    weights = TaskWeights(len(tasks), **update)
    batches = WeightedBatchSampler(
        rows,
        weights.current,
        steps=given.steps,
        size=given.batch_size,
        world=options.world_size,
        seed=settings["seed"],
        passages=settings["weightPassages"],
        homogeneous=False,
        stratified=settings["weightDraw"] == "stratified",
    )
    model = load_model(project.model, settings)
    reference = load_model(given.reference, settings | {"lora": None}).eval()
    reference.requires_grad_(False)
    sizes = [task["rows"] for task in tasks]
    header = {"tasks": project.names, "sizes": sizes, "weights": weights.current, **update, "accumulate": 1}
    log = LossLog(Path(given.out, "losses.jsonl"), header)
    loss = WeighedLoss(model, reference=reference, weights=weights, log=log, temperature=settings["temperature"])
    trainer = TdroTrainer(
        batches=batches,
        settings=settings,
        model=model,
        args=options,
        loss=loss,
        data_collator=Collator(model, settings, given.batch_size),
        callbacks=[TakeUp(weights, log), log],
    )
    trainer.train(resume_from_checkpoint=given.resume or None)
    if trainer.is_world_process_zero():
        write_weights(Path(given.out, "weights.json"), weights.current, tasks)
        print(f"the weights to the last bit: tdro weights replay {log.path} --out {Path(given.out, 'replayed')}")


if __name__ == "__main__":
    main()
