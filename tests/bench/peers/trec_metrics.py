"""Metrics of 10,000 queries x 1,000 passages by pytrec_eval."""
import pytrec_eval

MEASURES = {"ndcg_cut.10", "recall.100"}


def made(queries):
    """The same numbers as in ../works/trec_metrics.ts."""
    qrels, run = {}, {}
    for q in range(queries):
        grades, scores = {}, {}
        for i in range(1000):
            passage = f"d{(q * 7919 + i * 104729) % 1000003}"
            mixed = (q * 1000 + i) * 0x9E3779B1 & 0xFFFFFFFF
            scores[passage] = (mixed >> 8) % 1000 / 1000
            if i % 50 == 0:
                grades[passage] = (q + i // 50) % 3
        qrels[f"q{q}"] = grades
        run[f"q{q}"] = scores
    return qrels, run


def setup(quick, folder):
    qrels, run = made(1000 if quick else 10_000)
    evaluator = pytrec_eval.RelevanceEvaluator(qrels, MEASURES)

    def evaluate():
        values = evaluator.evaluate(run).values()
        return {
            name: sum(v[name] for v in values) / len(values)
            for name in ("ndcg_cut_10", "recall_100")
        }

    return evaluate, {"check": sum(evaluate().values())}
