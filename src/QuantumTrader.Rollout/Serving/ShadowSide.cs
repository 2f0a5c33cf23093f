using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Rollout.Serving;

/// <summary>What the main path does for the comparison, and when it lets the phase go on: the same for answers and effects.</summary>
internal sealed class ShadowSide<TIn, TOut>
    where TIn : struct, IEvent<TIn>
    where TOut : struct, IEvent<TOut>
{
    private const long TickNanoseconds = 1_000_000_000;

    private readonly CandidateLine<TIn, TOut> _line;
    private readonly RouteKey<TOut> _key;
    private readonly Phase _phase;
    private CandidateRun<TIn, TOut>? _offeredTo;
    private long _nextTick;

    public ShadowSide(CandidateLine<TIn, TOut> line, RouteKey<TOut> key)
    {
        (_line, _key, _phase) = (line, key, line.Phase);
        _phase.Settle = Settle;
    }

    /// <summary>An operation begins: looks at the phase once per second of event time.</summary>
    public void Move(long eventTime)
    {
        if (eventTime >= _nextTick)
        {
            Tick(eventTime);
        }
    }

    /// <summary>The baseline's answer to an operation that was handed to the candidate.</summary>
    public void Offer(CandidateRun<TIn, TOut> candidate, in TOut answer, in EventAddress address)
    {
        var isCompared = _key.IsSampled(_phase.ShadowRoute, _phase.Options.Shadow.Sample, in answer, in address);
        var isRepeated = _key.IsSampled(_phase.RepetitionRoute, _phase.Options.Compare.AaSample, in answer, in address);
        if (!isCompared && !isRepeated)
        {
            return;
        }

        _offeredTo = candidate;
        var isOffered = candidate.TryOffer(in answer, isCompared, isRepeated);
        if (!isOffered && _line.Waits)
        {
            candidate.WaitUntilCompared(_line.HangAfter);
            isOffered = candidate.TryOffer(in answer, isCompared, isRepeated);
        }

        if (!isOffered && isCompared)
        {
            _phase.Evidence.Uncompared(1);
        }
    }

    /// <summary>The operation is over: what the candidate still has to say to it is late.</summary>
    public void Forget(CandidateRun<TIn, TOut> candidate, long sequence)
    {
        candidate.Forget(sequence);
        if (candidate.Late > 0)
        {
            _phase.Evidence.Late(candidate.TakeLate());
        }
    }

    /// <summary>The stream has ended.</summary>
    public void Finish()
    {
        _line.Finish();
        Tick(_phase.EventTime);
    }

    // What is decided must not depend on how far the candidate's threads happen to be.
    private void Settle()
    {
        if (_line.Waits)
        {
            _offeredTo?.WaitUntilCompared(_line.HangAfter);
        }
    }

    private void Tick(long eventTime)
    {
        Settle();
        _nextTick = eventTime - (eventTime % TickNanoseconds) + TickNanoseconds;
        _phase.Tick(eventTime);
    }
}
