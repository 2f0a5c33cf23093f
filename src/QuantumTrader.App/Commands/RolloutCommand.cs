using System.CommandLine;
using System.Globalization;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;
using QuantumTrader.Rollout.Gates;
using QuantumTrader.Rollout.Journal;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt rollout</c>: shows the phases of a pipeline, and changes them while nothing runs it.</summary>
internal static class RolloutCommand
{
    public static Command Create() => new("rollout", "Shows what a pipeline rolls out, and changes it while nothing runs it. Example: qt rollout status pipelines/rollout.yml")
    {
        Plan(), Status(), History(),
        Change("start", PhaseAction.Start, "A phase that is off goes into the shadow."),
        Change("promote", PhaseAction.Promote, "A phase goes on by one step, when the step has what it asks for; with --full to its end."),
        Change("hold", PhaseAction.Hold, "A phase stops going on by itself."),
        Change("retry", PhaseAction.Retry, "An aborted phase goes into the shadow; a held one begins its step anew."),
        Change("abort", PhaseAction.Abort, "A phase is taken out, and those that require it."),
        Change("rollback", PhaseAction.Rollback, "All phases up to a level are taken out."),
    };

    private static Command Plan() => Show("plan", "The steps of every phase, what they serve, and how long their gates take at best.", (rollout, symbols, _) =>
    {
        var phases = rollout.Phases.Select(p => new
        {
            p.Options.Name,
            Kind = p.Options.Kind.ToString().ToLowerInvariant(),
            p.Options.RollbackLevel,
            p.Options.Requires,
            Unit = p.Options.Route.Unit.ToString().ToLowerInvariant(),
            At = p.Options.Steps.Count == 0 ? p.Options.At : null,
            Steps = p.Options.Steps.Select(s => new
            {
                Serve = (s.Serve ?? Share.None).ToString(),
                Keys = p.Options.Route.Unit == RouteUnit.Symbol ? p.Keys(symbols, s.Serve ?? Share.None) : null,
                Approve = s.Approve.ToString().ToLowerInvariant(),
                Gates = s.Gates.Select(g => new { Name = g, LeastOperations = LeastToPass(p.Options.Gates[g], s.Gates.Count(n => !p.Options.Gates[n].DryRun)) }).ToList(),
            }).ToList(),
        }).ToList();
        return (new { Phases = phases }, phases.SelectMany(p => (string[])
        [
            $"{p.Name} ({p.Kind}, level {p.RollbackLevel}, by {p.Unit}){(p.Requires.Count > 0 ? $", behind {string.Join(", ", p.Requires)}" : "")}{(p.At is null ? "" : $": stands at {p.At}")}",
            .. p.Steps.Select((s, i) => $"  {i + 1}. {(s.Serve == "0%" ? "shadow" : $"serve {s.Serve}")}"
                + (s.Keys is { Count: > 0 } keys ? $" = {Percent(keys.Count, symbols.Count)} of the symbols: {string.Join(", ", keys)}" : "")
                + (s.Gates.Count > 0 ? $"; gates {string.Join(", ", s.Gates.Select(g => g.LeastOperations is { } n ? string.Create(CultureInfo.InvariantCulture, $"{g.Name} (at least {n:N0} operations)") : g.Name))}" : "")
                + (s.Approve == "manual" ? "; then promote" : "")),
        ]));
    });

    private static Command Status() => Show("status", "Where every phase stands.", (rollout, _, _) =>
    {
        rollout.Resume(toWrite: false);
        var phases = rollout.Phases.Select(p => new
        {
            p.Options.Name,
            State = SavedState.Of(p.State),
            p.State.Generation,
            Text = p.State.ToString(),
            Missing = p.Evidence.Read().Step?.Missing,
            Gates = p.Evidence.Read().Step?.Gates,
        }).ToList();
        var lines = phases.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Name,-16} {p.Text,-24} generation {p.Generation}{(string.IsNullOrEmpty(p.Missing) ? "" : $"; {p.Missing}")}"));
        return (new { rollout.StateFolder, rollout.Damage, Phases = phases }, rollout.Damage is { } damage ? lines.Prepend($"Only the baselines may run: {damage}.") : lines);
    });

    private static Command History() => Show("history", "What happened to the phases, and why.", (rollout, _, _) =>
    {
        var entries = rollout.StateFolder is { } folder ? StateFolder.Look(folder).Entries : [];
        return (new { Entries = entries }, entries.Select(e => string.Create(CultureInfo.InvariantCulture,
            $"{e.Seq,5} {e.Time:yyyy-MM-ddTHH:mm:ssZ} {e.Actor,-4} {(e.Kind == JournalKind.Change ? $"{e.Phase}: {e.From!.ToState(0)} -> {e.To!.ToState(0)}" : e.Kind.ToString().ToLowerInvariant())}{(e.Reason.Length > 0 ? $" ({e.Reason})" : "")}")));
    });

    private static Command Show(string name, string summary, Func<RolloutSection, IReadOnlyList<string>, ParseResult, (object Json, IEnumerable<string> Lines)> show)
    {
        var pipeline = new PipelineArguments();
        var json = new Option<bool>("--json") { Description = "Print it as JSON." };
        var command = new Command(name, $"{summary} Example: qt rollout {name} pipelines/rollout.yml") { json };
        pipeline.AddTo(command);
        command.SetAction(arguments => Use(pipeline, arguments, (rollout, symbols) =>
        {
            var (data, lines) = show(rollout, symbols, arguments);
            Console.WriteLine(arguments.GetValue(json) ? Json.Serialize(data) : string.Join(Environment.NewLine, lines));
            return ExitCodes.Good;
        }));
        return command;
    }

    private static Command Change(string name, PhaseAction action, string summary)
    {
        var pipeline = new PipelineArguments();
        var phase = new Argument<string>("phase") { Description = "Name of the phase." };
        var level = new Argument<int>("level") { Description = "Phases of this level and below: 1 the last one, 4 all." };
        var reason = new Option<string>("--reason") { Description = "Why; for the journal.", DefaultValueFactory = _ => "" };
        var full = new Option<bool>("--full") { Description = "Past all steps and gates. Needs a reason." };
        var isRollback = action == PhaseAction.Rollback;
        var command = new Command(name, $"{summary} Example: qt rollout {name} pipelines/rollout.yml {(isRollback ? "1" : "enhanced_ml")} --reason drill") { reason };
        pipeline.AddTo(command);
        command.Arguments.Add(isRollback ? level : phase);
        if (action == PhaseAction.Promote)
        {
            command.Options.Add(full);
        }

        command.SetAction(arguments => Use(pipeline, arguments, (rollout, _) =>
        {
            if (rollout.StateFolder is null)
            {
                Console.Error.WriteLine("The pipeline keeps no state, so there is nothing to change between runs. Add rollout.state.path.");
                return ExitCodes.Configuration;
            }

            rollout.Resume(toWrite: true);
            var answer = rollout.Control.SendOffline(new PhaseCommand(action)
            {
                Phase = isRollback ? "" : arguments.GetValue(phase)!,
                Level = isRollback ? arguments.GetValue(level) : 0,
                Full = action == PhaseAction.Promote && arguments.GetValue(full),
                Reason = arguments.GetValue(reason)!,
                Actor = "cli",
            });
            (answer.IsAccepted ? Console.Out : Console.Error).WriteLine(answer.Words);
            return answer.IsAccepted ? ExitCodes.Good : ExitCodes.Failed;
        }));
        return command;
    }

    private static int Use(PipelineArguments pipeline, ParseResult arguments, Func<RolloutSection, IReadOnlyList<string>, int> use)
    {
        if (pipeline.Load(arguments) is not { } plan)
        {
            return ExitCodes.Configuration;
        }

        try
        {
            using var factory = new BlockFactory(plan with { IsForCheck = true }, TimeProvider.System);
            if (factory.Section<RolloutSection>() is not { } rollout)
            {
                Console.Error.WriteLine("The pipeline has no section `rollout`, and so no phases.");
                return ExitCodes.Configuration;
            }

            return use(rollout, [.. factory.Section<MarketContext>()?.Instruments.Select(i => i.Symbol) ?? []]);
        }
        catch (FindingException refused)
        {
            Console.Error.WriteLine(string.Join(Environment.NewLine, refused.Findings));
            return refused.Outside ? ExitCodes.Outside : ExitCodes.Configuration;
        }
        catch (ConfigurationException refused)
        {
            Console.Error.WriteLine(refused.Message);
            return refused.Outside ? ExitCodes.Outside : ExitCodes.Configuration;
        }
    }

    // Operations without a single error until a gate on a rate passes.
    private static long? LeastToPass(GateOptions gate, int gates)
    {
        if (gate.Max is not { } max)
        {
            return null;
        }

        var better = new BettingProcess(isUpper: false);
        long blocks = 0;
        for (; better.Evidence < Math.Max(1, gates) / gate.Alpha; blocks++)
        {
            better.Observe(0, max.Fraction);
        }

        return blocks * gate.Block;
    }

    private static string Percent(int part, int whole) => string.Create(CultureInfo.InvariantCulture, $"{100.0 * part / whole:0.#}%");
}
