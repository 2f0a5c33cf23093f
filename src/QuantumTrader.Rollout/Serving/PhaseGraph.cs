using System.Reflection;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;

namespace QuantumTrader.Rollout.Serving;

/// <summary>
/// Puts a phase into a graph. The candidate, and the blocks that only it needs, leave the main graph and get graphs of their own; a tap
/// stands where they branched off, and a switch behind the baseline, from which all read who read from either.
/// </summary>
internal sealed class PhaseGraph(Phase phase, IReadOnlyList<GraphPart> parts, BlockFactory factory, TimeProvider clock)
{
    private readonly string _baseline = phase.Options.Baseline?.Block ?? "";
    private readonly string _candidate = phase.Options.Candidate.Block;
    private readonly Lock _making = new();

    /// <summary>Name of the switch.</summary>
    public string SwitchName => $"rollout/{phase.Options.Name}";

    /// <summary>The parts with the phase among them.</summary>
    public IReadOnlyList<GraphPart> Decorate() => phase.Options.Kind == PhaseKind.Effect ? DecorateEffect() : DecorateValue();

    private List<GraphPart> DecorateEffect()
    {
        var sink = Find(_candidate, "candidate");
        var type = factory.Plan[_candidate].Type;
        if (type.Shape != BlockShape.Observer)
        {
            throw Refuse($"the candidate '{_candidate}' of an effect must only read, as sinks do; {type.Name} sends events on. Make the phase one of kind value.");
        }

        var line = Make(typeof(EffectLine<>).MakeGenericType(type.Output), []);
        // A sink passes on all that it reads: who read from it goes on reading that, whatever the phase lets through to the sink itself.
        var read = sink.Inputs.SelectMany(i => i.From).ToList();
        return
        [
            .. parts.SelectMany(p => p != sink
                ? new[] { p with { Inputs = [.. p.Inputs.Select(i => (i.Port, (IReadOnlyList<string>)[.. i.From.SelectMany(f => f == sink.Name ? read : [f]).Distinct()]))] } }
                : [new GraphPart(SwitchName, _ => line.Switch(), p.Inputs, new BlockSettings()), p with { Inputs = [(Port.Main, [SwitchName])], Settings = ToOutbox(p.Settings) }]),
        ];
    }

    // An effect that is rolled out must not slow down what was there before it: while the outside stands still, its events are dropped and
    // counted, unless the pipeline says what else is to become of them.
    private BlockSettings ToOutbox(BlockSettings sink) => sink is { Io: true, Edge: null } && phase.Options.Shadow.Overload != ShadowOverload.Wait
        ? sink with { Edge = new EdgeSettings { WhenFull = WhenFull.DropNewest } }
        : sink;

    private List<GraphPart> DecorateValue()
    {
        var baseline = Find(_baseline, "baseline");
        var candidate = Find(_candidate, "candidate");
        var (tapped, own) = Branch(candidate);
        var (operation, answer) = (OutputOf(tapped), OutputOf(candidate.Name));
        if (OutputOf(baseline.Name) != answer)
        {
            throw Refuse($"the candidate '{_candidate}' sends {answer.Name}, but the baseline '{_baseline}' sends {OutputOf(_baseline).Name}. Both must answer with the same type of event.");
        }

        if (!Upstream(baseline).Contains(tapped))
        {
            throw Refuse($"the candidate '{_candidate}' branches off at '{tapped}', which the baseline '{_baseline}' does not read, so their answers belong to different operations. Let both begin at the same block.");
        }

        var again = phase.Options.Compare.AaSample > Share.None ? Between(tapped, baseline) : [];
        var line = Make(typeof(ValueLine<,>).MakeGenericType(operation, answer), [new CandidateParts(tapped, _candidate, [.. parts.Where(own.Contains)], _baseline, again)]);
        var result = new List<GraphPart>();
        foreach (var part in parts.Where(p => !own.Contains(p)))
        {
            // Whoever read from the candidate or the baseline reads from the switch, and what the candidate shares comes by the tap.
            result.Add(part with { Inputs = [.. part.Inputs.Select(i => (i.Port, (IReadOnlyList<string>)[.. i.From.Select(Reroute).Distinct()]))] });
            if (part.Name == tapped)
            {
                result.Add(new GraphPart(TapName, _ => line.Tap(), [(Port.Main, [tapped])], new BlockSettings()));
            }

            if (part.Name == _baseline)
            {
                result.Add(new GraphPart(SwitchName, _ => line.Switch(), [(Port.Main, [_baseline])], new BlockSettings()));
            }
        }

        return result;

        string Reroute(string from) => from == tapped ? TapName : from == _baseline || from == _candidate ? SwitchName : from;
    }

    private Line Make(Type line, object[] more)
    {
        try
        {
            return (Line)Activator.CreateInstance(line, [this, phase, factory, clock, .. more])!;
        }
        catch (TargetInvocationException e) when (e.InnerException is ConfigurationException refused)
        {
            throw refused;
        }
    }

    private Switches Switches => factory.Switches;

    private string TapName => $"{SwitchName}/tap";

    /// <summary>Where the candidate branches off, and the parts that belong to it alone, in topological order.</summary>
    private (string Tapped, HashSet<GraphPart> Own) Branch(GraphPart candidate)
    {
        var own = new HashSet<GraphPart> { candidate };
        // A phase within a candidate stays in the main graph, with all that belongs to it: it would have no evidence of its own elsewhere.
        foreach (var part in parts.Reverse().Where(p => p.Inputs.Count > 0 && p.Name != _baseline && IsBlock(p)))
        {
            var readers = parts.Where(p => p.Inputs.Any(i => i.From.Contains(part.Name))).ToList();
            if (readers.Count > 0 && readers.All(own.Contains))
            {
                own.Add(part);
            }
        }

        if (own.FirstOrDefault(p => factory.Plan[p.Name].Type is { Trading: true, Io: true }) is { } live)
        {
            throw Refuse($"'{live.Name}' sends orders outside, so it can be no candidate, nor feed one: a shadow must not trade. Let it read from the phase instead.");
        }

        var tapped = own.SelectMany(p => p.Inputs).SelectMany(i => i.From).Where(f => own.All(p => p.Name != f)).Distinct().ToList();
        return tapped is [var only]
            ? (only, own)
            : throw Refuse($"the candidate '{_candidate}' branches off at {string.Join(" and ", tapped.Select(t => $"'{t}'"))}. Put one block in front of both, such as features.join, and let the candidate read from it.");
    }

    // Not so the taps and switches of other phases.
    private bool IsBlock(GraphPart part) => factory.Plan.Blocks.Any(b => b.Name == part.Name);

    // The taps and switches of other phases pass on what they read.
    private Type OutputOf(string part) => factory.Plan.Blocks.FirstOrDefault(b => b.Name == part) is { } block
        ? block.Type.Output
        : OutputOf(parts.First(p => p.Name == part).Inputs[0].From[0]);

    private HashSet<string> Upstream(GraphPart part)
    {
        var names = new HashSet<string>(part.Inputs.SelectMany(i => i.From), StringComparer.Ordinal);
        foreach (var other in parts.Reverse().Where(p => names.Contains(p.Name)))
        {
            names.UnionWith(other.Inputs.SelectMany(i => i.From));
        }

        return names;
    }

    private GraphPart Find(string name, string role) =>
        parts.FirstOrDefault(p => p.Name == name) ?? throw Refuse($"the {role} '{name}' is no block of the pipeline. Blocks: {string.Join(", ", factory.Plan.Blocks.Select(b => b.Name))}.");

    private ConfigurationException Refuse(string message) => new("phases", $"Phase '{phase.Options.Name}': {message}");

    // The blocks of the baseline behind the tap, which are made a second time so that it can be asked again.
    private List<GraphPart> Between(string tapped, GraphPart baseline)
    {
        var upstream = Upstream(baseline);
        var own = new List<GraphPart>();
        foreach (var part in parts.Where(p => upstream.Contains(p.Name) || p == baseline))
        {
            if (part.Inputs.SelectMany(i => i.From).Any(f => f == tapped || own.Any(o => o.Name == f)))
            {
                own.Add(part);
            }
        }

        var others = own.SelectMany(p => p.Inputs).SelectMany(i => i.From).Where(f => f != tapped && own.All(o => o.Name != f)).Distinct().ToList();
        var shared = own.FirstOrDefault(p => !IsBlock(p));
        return others.Count > 0 ? throw Refuse($"compare.aa_sample asks the baseline '{_baseline}' again, but it also reads from {string.Join(" and ", others.Select(o => $"'{o}'"))}, which the candidate does not read. Remove aa_sample.")
            : shared is not null ? throw Refuse($"compare.aa_sample asks the baseline '{_baseline}' again, but behind '{tapped}' it depends on '{shared.Name}', which cannot be asked twice. Remove aa_sample.")
            : own;
    }

    private EventFormat<T> FormatOf<T>() where T : struct, IEvent<T> => (EventFormat<T>)(factory.Format(typeof(T))
        ?? throw Refuse($"events of type {typeof(T).Name} have no format, by which they are compared. Write an EventFormat for them."));

    /// <summary>Makes the blocks of a phase that stand in the main graph, whatever its event types.</summary>
    private abstract class Line
    {
        public abstract Block Tap();

        public abstract Block Switch();
    }

    private abstract class Line<TIn, TOut>(PhaseGraph graph, Phase phase, BlockFactory factory, TimeProvider clock) : Line
        where TIn : struct, IEvent<TIn>
        where TOut : struct, IEvent<TOut>
    {
        protected EventFormat<TOut> Format { get; } = graph.FormatOf<TOut>();

        protected CandidateLine<TIn, TOut> Shared => field ??= new CandidateLine<TIn, TOut>(phase, Make, clock);

        public override Block Tap() => new Tap<TIn, TOut>(Shared);

        protected abstract Graph Build(CandidateEnds<TIn, TOut> ends);

        // Factories make their formats when first asked, and lives of a candidate are made on other threads.
        protected Graph BuildHere(CandidateParts parts, CandidateEnds<TIn, TOut> ends)
        {
            lock (graph._making)
            {
                return parts.Build(factory.Plan, phase.Options.Shadow.HangAfter, ends, phase.Rank);
            }
        }

        private CandidateRun<TIn, TOut> Make()
        {
            var (capacity, run) = (phase.Options.Shadow.Queue, factory.Plan.Engine.Batch);
            var most = 4 * (capacity + (2 * run));
            var comparer = new AnswerComparer<TOut>(Format, phase.Options.Compare);
            string[] drifting = [.. phase.Options.Gates.Values.Select(g => g.Field).OfType<string>().Distinct()];
            var comparison = new Comparison<TOut>(comparer, Compared, most);
            var repetition = new Comparison<TOut>(new AnswerComparer<TOut>(Format, phase.Options.Compare), Repeated, most);
            return new CandidateRun<TIn, TOut>(Build, capacity, run, comparison, repetition, phase.Options.Serve.Race == ServeRace.Warm, () => phase.IsAwaited, new CandidateUsage(UsageLimits.Of(phase.Options.Shadow), clock, phase.Evidence.Rested), clock);

            void Compared(Outcome outcome)
            {
                phase.Evidence.Compared(outcome);
                if (outcome is Outcome.Match or Outcome.Mismatch or Outcome.Ignored)
                {
                    foreach (var field in drifting)
                    {
                        if (comparer.TryPair(field, out var baseline, out var candidate))
                        {
                            phase.Evidence.Paired(field, baseline, candidate);
                        }
                    }
                }
            }

            void Repeated(Outcome outcome)
            {
                if (outcome != Outcome.CompareError)
                {
                    phase.Evidence.Noise(outcome is Outcome.Match or Outcome.Ignored);
                }
            }
        }
    }

    private sealed class ValueLine<TIn, TOut> : Line<TIn, TOut>
        where TIn : struct, IEvent<TIn>
        where TOut : struct, IEvent<TOut>
    {
        private readonly PhaseGraph _graph;
        private readonly Phase _phase;
        private readonly BlockFactory _factory;
        private readonly TimeProvider _clock;
        private readonly ShadowOptions _options;
        private readonly CandidateParts _parts;
        private readonly ChildSetup? _setup;
        private int _lives;

        public ValueLine(PhaseGraph graph, Phase phase, BlockFactory factory, TimeProvider clock, CandidateParts parts)
            : base(graph, phase, factory, clock)
        {
            (_graph, _phase, _factory, _clock, _options, _parts) = (graph, phase, factory, clock, phase.Options.Shadow, parts);
            _setup = _options.Isolation == Isolation.Process ? ChildSetup.Of<TIn, TOut>(factory.Plan, parts, _options.HangAfter, factory, graph.Refuse) : null;
        }

        public override Block Switch() => new ValueSwitch<TIn, TOut>(Shared, Format, _graph.Switches, _clock);

        protected override Graph Build(CandidateEnds<TIn, TOut> ends)
        {
            if (_setup is null)
            {
                return BuildHere(_parts, ends);
            }

            var setup = _setup with { Rank = _phase.Rank };
            var child = new ChildCandidate<TIn, TOut>(ends, setup, (uint)Interlocked.Increment(ref _lives), _options, _factory, _clock);
            var batch = Math.Min(_options.Queue, EventPipeWriter.MaxEvents);
            // What does not fit is to wait in the queue, where it is counted.
            var engine = CandidateParts.Engine(_factory.Plan.Engine, batch, _options.HangAfter, setup.Rank) with { Capacity = batch };
            return new GraphBuilder(engine).Add("feed", ends.Feed).Add("process", child, ["feed"]).Build();
        }
    }

    private sealed class EffectLine<T>(PhaseGraph graph, Phase phase, BlockFactory factory, TimeProvider clock) : Line<T, T>(graph, phase, factory, clock)
        where T : struct, IEvent<T>
    {
        public override Block Switch() => new EffectGate<T>(Shared, Format);

        protected override Graph Build(CandidateEnds<T, T> ends) =>
            BuildHere(new CandidateParts("feed", "round trip", [new GraphPart("round trip", _ => new RoundTrip<T>(Format), [(Port.Main, ["feed"])], new BlockSettings())], "", []), ends);
    }
}
