using System.Globalization;
using System.Text;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;

namespace QuantumTrader.Rollout.Serving;

/// <summary>
/// Stands for a candidate that runs in a process of its own: sends it what waits, and takes its answers as they come. The next batch goes when
/// the last is through, so that no more than one is on its way, and whatever is wrong with the process is wrong with this block alone.
/// </summary>
internal sealed class ChildCandidate<TIn, TOut> : Observer<TIn>
    where TIn : struct, IEvent<TIn>
    where TOut : struct, IEvent<TOut>
{
    private readonly CandidateEnds<TIn, TOut> _ends;
    private readonly Switches _switches;
    private readonly bool _repeats;
    private readonly uint _epoch;
    private readonly EventCodec<TIn> _operations;
    private readonly EventCodec<TOut> _answers;
    private readonly ChildProcess _process;
    private readonly EventPipeWriter _writer;
    private readonly EventPipeReader _reader;
    private SwitchOptions? _told;
    private long _batches;
    private long _answered;
    private long _repeated;
    private long _handled;
    private CancellationTokenRegistration _end;

    /// <summary>Starts the process and waits until its candidate is made. On a thread that nobody needs any more.</summary>
    /// <exception cref="IOException">It could not be made, or not in time.</exception>
    public ChildCandidate(CandidateEnds<TIn, TOut> ends, ChildSetup setup, uint epoch, ShadowOptions options, BlockFactory factory, TimeProvider clock)
    {
        (_ends, _switches, _repeats, _epoch) = (ends, factory.Switches, setup.Repeating is not null, epoch);
        (_operations, _answers) = (EventCodec<TIn>.Find(factory)!, EventCodec<TOut>.Find(factory)!);
        _process = ChildProcess.Start(options.MaxMegabytes, setup.Rank is not null);
        ends.Process = _process;
        (_writer, _reader) = (new EventPipeWriter(_process.Input, epoch), new EventPipeReader(_process.Output));
        using var late = new CancellationTokenSource(options.StartsWithin, clock);
        using var end = late.Token.Register(_process.Kill);
        try
        {
            _writer.Write(ChildMessage.Setup, setup.ToText());
            while (Receive() != ChildMessage.Ready)
            {
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            var words = late.IsCancellationRequested
                ? string.Create(CultureInfo.InvariantCulture, $"its process was not ready within {options.StartsWithin.TotalSeconds:0.###} s")
                : e.Message;
            _process.Dispose();
            throw new IOException(words, e);
        }
    }

    public override void Start() => _end = BrokenOff.Register(_process.Kill);

    public override void Observe(Run<TIn> run)
    {
        try
        {
            TellSwitches();
            var operations = run.Rest;
            _writer.Write(ChildMessage.Operations, ++_batches, operations, _operations);
            for (var last = operations[^1].Sequence; !IsThrough(last);)
            {
                Receive();
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            var loss = e is InvalidDataException ? new CandidateLoss(LossReason.Crash, e.Message) : _process.End();
            _ends.Loss = loss;
            throw new IOException(loss.Words, e);
        }
    }

    /// <summary>Nothing more comes: what the candidate still says is taken, until it closes its side.</summary>
    public override void Complete()
    {
        try
        {
            _writer.Write(ChildMessage.End, []);
            while (true)
            {
                Receive();
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            // That was its end.
        }
    }

    public override void Dispose()
    {
        _end.Dispose();
        _process.Dispose();
        base.Dispose();
    }

    private bool IsThrough(long sequence) => _handled >= sequence || (_answered >= sequence && (!_repeats || _repeated >= sequence));

    private ushort Receive()
    {
        if (!_reader.TryRead(out var message))
        {
            throw new EndOfStreamException(_process.End().Words);
        }

        if (message.Epoch != _epoch)
        {
            throw new InvalidDataException($"it answered for its life {message.Epoch} in its life {_epoch}");
        }

        switch (message.Kind)
        {
            case ChildMessage.Answer:
                var answer = _reader.Take(_answers);
                _answered = answer.Sequence;
                _ends.Answers.Take(answer);
                break;
            case ChildMessage.Repetition:
                var repetition = _reader.Take(_answers);
                _repeated = repetition.Sequence;
                _ends.Repetitions.Take(repetition);
                break;
            case ChildMessage.Handled:
                _handled = message.Number;
                _ends.Feed.Handled(message.Number);
                break;
            case ChildMessage.Refused:
                throw new InvalidDataException(Encoding.UTF8.GetString(_reader.Text));
        }

        return message.Kind;
    }

    // Before the operations, so that a change counts from the next one on, as it does in this process.
    private void TellSwitches()
    {
        var now = _switches.Now;
        if (ReferenceEquals(now, _told))
        {
            return;
        }

        _told = now;
        foreach (var one in _switches.Values.Where(s => s.Value is not null))
        {
            _writer.Write(ChildMessage.Switch, Encoding.UTF8.GetBytes($"{one.Name}={one.Value}"));
        }
    }
}
