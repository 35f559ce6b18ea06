"""Trains a retriever on a mixture of tasks: stages 0 and 2 of tDRO.

    launch/torchrun.sh 8 train.py                                 # on weights.json
    launch/torchrun.sh 8 train.py --weights uniform --out out/uniform
"""

from pathlib import Path

from tdro_handoff.losses import InBatchLoss
from tdro_handoff.project import Project, parser
from tdro_handoff.rows import Rows, WeightedBatchSampler
from tdro_handoff.trainer import Collator, StepLog, TdroTrainer, load_model, training_arguments
from tdro_handoff.weights import read_weights


def arguments():
    project = Project()
    settings = project.settings
    options = parser(__doc__, out="reweighted", steps=settings["steps"], batch_size=settings["batchSize"])
    weights = str(project.folder / "weights.json")
    options.add_argument("--weights", default=weights, help="weight file, or uniform")
    options.add_argument("--learning-rate", type=float, default=settings["learningRate"], help="peak learning rate")
    options.add_argument(
        "--mini-batch", type=int, default=settings["miniBatch"], help="texts encoded at once (GradCache); default: all"
    )
    return options.parse_args()


def main():
    given = arguments()
    project = Project(cpu=given.cpu, learningRate=given.learning_rate)
    settings = project.settings
    options = training_arguments(given.out, settings, steps=given.steps)
    with options.main_process_first(desc="reading the data"):
        rows = Rows(project)
    batches = WeightedBatchSampler(
        rows,
        read_weights(given.weights, project.names),
        steps=given.steps,
        size=given.batch_size,
        world=options.world_size,
        seed=settings["seed"],
        passages=settings["passages"],
    )
    model = load_model(project.model, settings)
    loss = InBatchLoss(model, temperature=settings["temperature"], mini_batch=given.mini_batch)
    trainer = TdroTrainer(
        batches=batches,
        settings=settings,
        model=model,
        args=options,
        loss=loss,
        data_collator=Collator(model, settings, given.batch_size),
        callbacks=[StepLog(Path(given.out, "metrics.jsonl"), loss, project.names)],
    )
    trainer.train(resume_from_checkpoint=given.resume or None)
    if trainer.is_world_process_zero():
        model.save_pretrained(str(Path(given.out, "model")))


if __name__ == "__main__":
    main()
