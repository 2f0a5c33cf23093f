using QuantumTrader.Dataflow;

namespace QuantumTrader.Rollout.Serving;

/// <summary>Brings what the tap handed over into the candidate's graph.</summary>
internal sealed class CandidateFeed<T>(HandOff<T> waiting, Func<long> releasedThrough, Bell bell, Func<bool> isAsked, Func<bool> isAwaited, Action compare, Action taken, Action<long> handled) : Source<T> where T : struct, IEvent<T>
{
    // While the candidate still works on what it has, how often its progress is looked at: nobody tells a source of it.
    private static readonly TimeSpan WhileWorking = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan WhileIdle = TimeSpan.FromMilliseconds(100);

    // Where nobody waits for an answer it looks by itself, as long as operations keep coming: who hands them over then never has to wake it.
    private const int Naps = 100;
    private long _sent;
    private long _handled;
    private int _naps;
    private volatile bool _isClosed;

    public override bool WantsHandled => true;

    public override bool Read(Output<T> output, int limit, CancellationToken stop)
    {
        if (!HasNext())
        {
            compare();
            WaitForNext();
        }

        for (var i = 0; i < limit && HasNext(); i++)
        {
            var value = waiting.Take();
            _sent = value.Sequence;
            _naps = 0;
            output.Add(in value);
        }

        taken();

        return waiting.HasItem || !_isClosed;
    }

    private void WaitForNext()
    {
        if (_naps < Naps && !isAwaited())
        {
            _naps++;
            bell.Nap(WhileWorking);
            return;
        }

        bell.Wait(() => HasNext() || _isClosed || isAsked(), _handled < _sent ? WhileWorking : WhileIdle);
    }

    private bool HasNext() => waiting.HasItem && waiting.Head.Sequence <= releasedThrough();

    public override void Handled(long sequence)
    {
        _handled = sequence;
        handled(sequence);
    }

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
