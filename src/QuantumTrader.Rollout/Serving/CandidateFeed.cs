using QuantumTrader.Dataflow;

namespace QuantumTrader.Rollout.Serving;

/// <summary>Brings what the tap handed over into the candidate's graph, as fast as the candidate may take it.</summary>
internal sealed class CandidateFeed<T>(HandOff<T> waiting, Bell bell, ICandidateHost host, CandidateUsage? usage) : Source<T> where T : struct, IEvent<T>
{
    // Where nobody waits for an answer it looks by itself, as long as operations keep coming: who hands them over then never has to wake it.
    private static readonly TimeSpan Nap = TimeSpan.FromMilliseconds(1);
    private const int Naps = 100;

    // Of a rest, after which it looks whether it still must.
    private static readonly TimeSpan Doze = TimeSpan.FromMilliseconds(20);
    private int _naps;
    private int _taken;
    private volatile bool _isClosed;

    // An answer is waited for: each thread that it passes on its way costs as much as a small model.
    public override bool Fuses => true;

    public override HandledNews HandledNews => HandledNews.AtOnce;

    public override bool Read(Output<T> output, int limit, CancellationToken stop)
    {
        if (usage is not null && !KeepsToLimits(usage))
        {
            return false;
        }

        if (!HasNext())
        {
            host.Compare();
            using var idle = Idle();
            WaitForNext();
        }

        var most = usage is null || host.IsAwaited ? limit : usage.AtMost(limit);
        for (_taken = 0; _taken < most && HasNext(); _taken++)
        {
            var value = waiting.Take();
            _naps = 0;
            output.Add(in value);
        }

        host.Taken();

        return waiting.HasItem || !_isClosed;
    }

    private bool KeepsToLimits(CandidateUsage usage)
    {
        if (host.IsAwaited)
        {
            usage.Forget();
            return true;
        }

        usage.Count(host.CpuTime, _taken);
        if (usage.Excess is { } words)
        {
            host.Lose(new CandidateLoss(LossReason.Memory, words));
            return false;
        }

        using var idle = Idle();
        while (usage.Rest >= Nap && !host.IsAwaited && !_isClosed)
        {
            bell.Nap(usage.Rest < Doze ? usage.Rest : Doze);
            host.Rested();
            usage.CountRest(host.CpuTime);
        }

        return true;
    }

    private void WaitForNext()
    {
        if (_naps < Naps && !host.IsAwaited)
        {
            _naps++;
            bell.Nap(Nap);
            return;
        }

        bell.Wait(() => HasNext() || _isClosed || host.IsAsked, Bell.LookAgain);
    }

    private bool HasNext() => waiting.HasItem && waiting.Head.Sequence <= host.ReleasedThrough;

    public override void Handled(long sequence) => host.Handled(sequence);

    /// <summary>Nothing more will come; any thread may ask.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>Nothing more will come.</summary>
    public void Close()
    {
        _isClosed = true;
        bell.Ring();
    }
}

/// <summary>What a life of a candidate is connected to, wherever it runs.</summary>
/// <param name="Feed">Brings its operations.</param>
/// <param name="Answers">Takes its answers.</param>
/// <param name="Repetitions">Takes what the baseline says when it is asked again.</param>
internal sealed record CandidateEnds<TIn, TOut>(CandidateFeed<TIn> Feed, CandidateAnswers<TOut> Answers, CandidateAnswers<TOut> Repetitions)
    where TIn : struct, IEvent<TIn>
    where TOut : struct, IEvent<TOut>
{
    /// <summary>Why it ended, where its graph cannot tell; written before that ends.</summary>
    public CandidateLoss? Loss { get; set; }

    /// <summary>Its process, when it runs in one of its own; written before its graph begins.</summary>
    public ChildProcess? Process { get; set; }
}

/// <summary>Why a candidate was given up.</summary>
/// <param name="Reason">Under what it is counted.</param>
/// <param name="Words">What happened, behind "because".</param>
internal sealed record CandidateLoss(LossReason Reason, string Words);

/// <summary>Takes the candidate's answers out of its graph.</summary>
internal sealed class CandidateAnswers<T>(Action<T> answer) : Observer<T> where T : struct, IEvent<T>
{
    /// <summary>Takes one that nobody else holds.</summary>
    public void Take(T value) => answer(value);

    public override void Observe(Run<T> run)
    {
        foreach (ref readonly var value in run)
        {
            answer(T.Keep(in value));
        }
    }
}
