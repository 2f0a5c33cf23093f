using QuantumTrader.Dataflow;

namespace QuantumTrader.Rollout.Serving;

/// <summary>Brings the answers of baseline and candidate together. Runs on the candidate's side, under its lock.</summary>
/// <param name="comparer">Says what came of two answers to the same operation.</param>
/// <param name="tell">Takes the outcomes, while the comparer still holds the answers that were compared.</param>
/// <param name="capacity">Answers that may wait for the baseline's.</param>
internal sealed class Comparison<T>(AnswerComparer<T> comparer, Action<Outcome> tell, int capacity) where T : struct, IEvent<T>
{
    private readonly Queue<T> _answers = new();

    /// <summary>The candidate answered.</summary>
    public void Answer(in T answer)
    {
        // The oldest is the likeliest to be one that the baseline has no answer to.
        if (_answers.Count >= capacity)
        {
            _answers.Dequeue();
        }

        _answers.Enqueue(answer);
    }

    /// <summary>Compares the baseline's answer with the candidate's; false when that may still come.</summary>
    /// <param name="baseline">The baseline's answer.</param>
    /// <param name="handledThrough">The candidate has answered everything up to this operation, or never will.</param>
    public bool TryCompare(in T baseline, long handledThrough)
    {
        while (_answers.TryPeek(out var early) && early.Sequence < baseline.Sequence)
        {
            _answers.Dequeue();
        }

        if (_answers.TryPeek(out var answer) && answer.Sequence == baseline.Sequence)
        {
            _answers.Dequeue();
            tell(Judge(baseline, answer));
            return true;
        }

        var isMissing = _answers.Count > 0 || handledThrough >= baseline.Sequence;
        if (isMissing)
        {
            tell(Outcome.CandidateError);
        }

        return isMissing;
    }

    private Outcome Judge(T baseline, T answer)
    {
        try
        {
            return comparer.Compare(baseline, answer);
        }
#pragma warning disable CA1031 // Whatever a comparer throws is its own fault, and must end here.
        catch (Exception)
#pragma warning restore CA1031
        {
            return Outcome.CompareError;
        }
    }
}
