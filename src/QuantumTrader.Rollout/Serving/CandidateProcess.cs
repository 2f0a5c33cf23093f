using System.Globalization;
using System.Reflection;
using System.Text;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;

namespace QuantumTrader.Rollout.Serving;

/// <summary>
/// The inside of a candidate's own process: makes its graph, feeds it what comes in, and sends out what it answers. It knows nobody but the two
/// streams, and ends with them.
/// </summary>
public static class CandidateProcess
{
    /// <summary>The command that runs it.</summary>
    public const string Command = "candidate";

    /// <summary>Type of the source that stands in its pipeline for what comes in.</summary>
    public const string SourceType = "candidate.operations";

    /// <summary>Runs until the input ends.</summary>
    /// <param name="input">Where the phase writes.</param>
    /// <param name="output">Where the phase reads.</param>
    /// <param name="source">A generic source of the type <see cref="SourceType"/>, which is never made.</param>
    /// <param name="clock">Given to blocks.</param>
    /// <returns>Null when it was asked to end; else why it ended.</returns>
    public static string? Run(Stream input, Stream output, Type source, TimeProvider clock)
    {
        Yield();
        var reader = new EventPipeReader(input);
        if (!reader.TryRead(out var first) || first.Kind != ChildMessage.Setup)
        {
            return "nobody told what to run";
        }

        var writer = new EventPipeWriter(output, first.Epoch);
        var setup = ChildSetup.Read(reader.Text);
        Inside inside;
        try
        {
            inside = Make(setup, reader, writer, source, clock);
        }
#pragma warning disable CA1031 // Foreign code: whatever it throws is told to the phase.
        catch (Exception e)
#pragma warning restore CA1031
        {
            writer.Write(ChildMessage.Refused, Encoding.UTF8.GetBytes($"it could not be made: {e.Message}"));
            return e.Message;
        }

        return inside.Run();
    }

    // Of what the system kills for want of memory, this is to be the first; and an allocation that fails is the end of this process, not one
    // of many errors that a candidate without memory makes.
    private static void Yield()
    {
        AppDomain.CurrentDomain.FirstChanceException += (_, thrown) =>
        {
            if (thrown.Exception is OutOfMemoryException)
            {
                Environment.FailFast("out of memory");
            }
        };
        try
        {
            if (OperatingSystem.IsLinux())
            {
                File.WriteAllText("/proc/self/oom_score_adj", "1000");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Then it is one of many.
        }
    }

    private static Inside Make(ChildSetup setup, EventPipeReader reader, EventPipeWriter writer, Type source, TimeProvider clock)
    {
        var classes = setup.Classes.Select(c => Assembly.LoadFrom(c.File).GetType(c.Name, throwOnError: true)!).Append(source);
        // The environment was read by the phase, and is not this one.
        var loaded = new PipelineLoader(BlockRegistry.Scan([], classes)).LoadText(setup.Pipeline, setup.File, null, null, _ => null);
        var plan = loaded.Plan ?? throw new InvalidOperationException(string.Join("; ", loaded.Findings));
        var factory = new BlockFactory(plan, clock);
        var operation = plan[ChildSetup.Source].Type.Output;
        return (Inside)Activator.CreateInstance(typeof(Inside<,>).MakeGenericType(operation, plan[setup.Answering].Type.Output), BindingFlags.DoNotWrapExceptions, null, [setup, factory, reader, writer], CultureInfo.InvariantCulture)!;
    }

    private abstract class Inside
    {
        public abstract string? Run();
    }

    private sealed class Inside<TIn, TOut> : Inside, ICandidateHost
        where TIn : struct, IEvent<TIn>
        where TOut : struct, IEvent<TOut>
    {
        private readonly ChildSetup _setup;
        private readonly BlockFactory _factory;
        private readonly EventPipeReader _reader;
        private readonly EventPipeWriter _writer;
        private readonly EventCodec<TOut> _answers;
        private readonly HandOff<TIn> _operations = new(EventPipeWriter.MaxEvents);
        private readonly Bell _bell = new();
        private readonly Lock _writing = new();
        private readonly CandidateEnds<TIn, TOut> _ends;
        private readonly Graph _graph;
        private long _answered;

        public Inside(ChildSetup setup, BlockFactory factory, EventPipeReader reader, EventPipeWriter writer)
        {
            (_setup, _factory, _reader, _writer, _answers) = (setup, factory, reader, writer, EventCodec<TOut>.Find(factory)!);
            var feed = new CandidateFeed<TIn>(_operations, _bell, this, usage: null);
            _ends = new CandidateEnds<TIn, TOut>(feed, new CandidateAnswers<TOut>(a => Send(ChildMessage.Answer, a)), new CandidateAnswers<TOut>(a => Send(ChildMessage.Repetition, a)));
            var parts = PipelineBuilder.Parts(factory.Plan, factory).Where(p => p.Name != ChildSetup.Source).ToList();
            var again = setup.Repeating is null ? [] : parts.Where(p => p.Name == setup.Repeating).ToList();
            _graph = new CandidateParts(ChildSetup.Source, setup.Answering, [.. parts.Except(again)], setup.Repeating ?? "", again).Build(factory.Plan, setup.HangAfter, _ends, rank: null);
        }

        public override string? Run()
        {
            // Whatever the candidate does, this goes on reading: so it sees the end of the phase's process.
            var read = Task.Factory.StartNew(ReadToEnd, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            var starting = Task.Factory.StartNew(() => _graph.RunAsync(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            if (Task.WaitAny(starting, read) == 0 && !starting.Result.IsFaulted)
            {
                TellReady();
            }

            var run = starting.Unwrap();
            if (Task.WaitAny(run, read) == 0)
            {
                return run.Exception?.InnerException?.Message ?? run.Result.Fault ?? "its graph ended";
            }

            if (read.Exception?.InnerException is { } unreadable)
            {
                return unreadable.Message;
            }

            if (read.Result)
            {
                _ends.Feed.Close();
                Task.WaitAny([run], _setup.HangAfter);
            }

            return null;
        }

        // Not before all blocks have started: their code is the candidate's, as that of their constructors is.
        private void TellReady()
        {
            if (_setup.Rank == ThreadRank.Idle)
            {
                // Nor this: on a busy machine it would never be ready.
                ThreadRanks.LowerProcess();
            }

            lock (_writing)
            {
                _writer.Write(ChildMessage.Ready, []);
            }
        }

        // True when the phase said that this was all; else there is nobody any more to answer.
        private bool ReadToEnd()
        {
            var codec = EventCodec<TIn>.Find(_factory)!;
            while (_reader.TryRead(out var message))
            {
                if (message.Kind == ChildMessage.End)
                {
                    return true;
                }

                if (message.Kind == ChildMessage.Switch)
                {
                    var text = Encoding.UTF8.GetString(_reader.Text).Split('=', 2);
                    _factory.Switches.Set(text[0], text[1], "phase");
                }

                for (var i = 0; i < message.Count; i++)
                {
                    if (!_operations.TryWrite(_reader.Take(codec)))
                    {
                        throw new InvalidDataException("Invariant: the next batch came before the last was through.");
                    }
                }

                _bell.Ring();
            }

            return false;
        }

        private void Send(ushort kind, TOut answer)
        {
            lock (_writing)
            {
                _writer.Write(kind, answer.Sequence, new ReadOnlySpan<TOut>(in answer), _answers);
                _answered = answer.Sequence;
            }
        }

        long ICandidateHost.ReleasedThrough => long.MaxValue;

        // Whoever sent something waits for it, and it is he who rests.
        bool ICandidateHost.IsAwaited => true;

        bool ICandidateHost.IsAsked => false;

        TimeSpan ICandidateHost.CpuTime => TimeSpan.Zero;

        void ICandidateHost.Compare() { }

        void ICandidateHost.Taken() { }

        void ICandidateHost.Rested() { }

        void ICandidateHost.Lose(CandidateLoss loss) => throw new InvalidOperationException("Invariant: it has no limits.");

        void ICandidateHost.Handled(long sequence)
        {
            lock (_writing)
            {
                // Whoever has the answer knows that.
                if (sequence > _answered || _setup.Repeating is not null)
                {
                    _writer.Write(ChildMessage.Handled, sequence, ReadOnlySpan<TOut>.Empty, _answers);
                }
            }
        }
    }
}
