using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantumTrader.App.Api;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Reports;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;
using QuantumTrader.Rollout.Gates;
using QuantumTrader.Rollout.Journal;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt rollout</c>: shows and changes the phases of a pipeline: those of a running one, or of the state that one left.</summary>
internal static class RolloutCommand
{
    public static Command Create() => new("rollout", "Shows what a pipeline rolls out, and changes it: of a running one with --host, else of the state that it left. Example: qt rollout status pipelines/rollout.yml")
    {
        Plan(), Status(), History(), Report(), Switch(),
        Change("start", PhaseAction.Start, "A phase that is off goes into the shadow."),
        Change("promote", PhaseAction.Promote, "A phase goes on by one step, when the step has what it asks for; with --full to its end."),
        Change("hold", PhaseAction.Hold, "A phase stops going on by itself."),
        Change("retry", PhaseAction.Retry, "An aborted phase goes into the shadow; a held one begins its step anew."),
        Change("abort", PhaseAction.Abort, "A phase is taken out, and those that require it."),
        Change("rollback", PhaseAction.Rollback, "All phases up to a level are taken out."),
    };

    private static Command Plan() => Show("plan", "The steps of every phase, what they serve, and how long their gates take at best.", null, (rollout, symbols, _) =>
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

    private static Command Status() => Show("status", "Where every phase stands.", new Asked("/api/rollout", StatusLines), (rollout, _, _) =>
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
            BaselineUntil = rollout.BaselineKeptUntil(p) is { } until ? IsoTime.ToText(until) : null,
        }).ToList();
        var lines = phases.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Name,-16} {p.Text,-24} generation {p.Generation}{(string.IsNullOrEmpty(p.Missing) ? "" : $"; {p.Missing}")}{(p.BaselineUntil is null ? "" : $"; its baseline stays until {p.BaselineUntil} of event time")}"));
        return (new { rollout.StateFolder, rollout.Damage, Phases = phases }, rollout.Damage is { } damage ? lines.Prepend($"Only the baselines may run: {damage}.") : lines);
    });

    private static Command History() => Show("history", "What happened to the phases, and why.", new Asked("/api/rollout/history", HistoryLines), (rollout, _, _) =>
    {
        var entries = rollout.StateFolder is { } folder ? StateFolder.Look(folder).Entries : [];
        return (new { Entries = entries }, entries.Select(Line));
    });

    private static Command Report()
    {
        var file = new Argument<string?>("report") { Description = "A report that `qt run --report` wrote; without it a running pipeline is asked.", Arity = ArgumentArity.ZeroOrOne };
        var (host, json) = (HostOption(), JsonOption());
        var command = new Command("report", "How far a pipeline has moved to its new path: calls, fallbacks, latencies, progress. Example: qt rollout report .qt/report.json") { file, host, json };
        command.SetAction(arguments =>
        {
            if (arguments.GetValue(file) is not { } name)
            {
                return Print(HostClient.Get(arguments.GetValue(host) ?? HostClient.Default, "/api/rollout/report"), arguments.GetValue(json), MigrationLines);
            }

            try
            {
                var report = JsonNode.Parse(File.ReadAllText(name))?["rollout"]?["migration"];
                return Print(report is null
                    ? new HostAnswer(ExitCodes.Failed, null, $"'{name}' tells of no rollout: its pipeline has no phases, or it is no report of `qt run --report`.")
                    : new HostAnswer(ExitCodes.Good, report, ""), arguments.GetValue(json), MigrationLines);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
            {
                Console.Error.WriteLine($"'{name}' cannot be read as a report: {error.Message}");
                return ExitCodes.Outside;
            }
        });
        return command;
    }

    private static Command Switch()
    {
        var name = new Argument<string?>("name") { Description = "Name of a switch, such as FORCE_FAST_MODE; without it all are shown.", Arity = ArgumentArity.ZeroOrOne };
        var value = new Argument<string?>("value") { Description = "Its new value; it counts from the next event on.", Arity = ArgumentArity.ZeroOrOne };
        var reason = new Option<string>("--reason") { Description = "Why; for the journal.", DefaultValueFactory = _ => "" };
        var (host, json) = (HostOption(), JsonOption());
        var command = new Command("switch", "Shows the switches of a running pipeline, or changes one; the token is in QT_TOKEN. Example: qt rollout switch FORCE_FAST_MODE true --reason drill") { name, value, reason, host, json };
        command.SetAction(arguments =>
        {
            var address = arguments.GetValue(host) ?? HostClient.Default;
            if (arguments.GetValue(name) is { } one && arguments.GetValue(value) is { } text)
            {
                return Print(HostClient.Post(address, $"/api/switches/{Uri.EscapeDataString(one)}", new { Value = text, Reason = arguments.GetValue(reason) }), arguments.GetValue(json), WordsOf);
            }

            return Print(HostClient.Get(address, "/api/switches"), arguments.GetValue(json), answer => answer.AsArray()
                .Where(s => arguments.GetValue(name) is not { } only || only.Equals((string?)s!["name"], StringComparison.OrdinalIgnoreCase))
                .Select(s => $"{(string?)s!["name"],-24} {(string?)s["value"] ?? "not set",-10} {(string?)s["legal"]}"));
        });
        return command;
    }

    private static string Line(JournalEntry e) => string.Create(CultureInfo.InvariantCulture,
        $"{e.Seq,5} {e.Time:yyyy-MM-ddTHH:mm:ssZ} {e.Actor,-4} {(e.Kind == JournalKind.Change ? $"{e.Phase}: {e.From!.ToState(0)} -> {e.To!.ToState(0)}" : e.Kind.ToString().ToLowerInvariant())}{(e.Reason.Length > 0 ? $" ({e.Reason})" : "")}");

    private static IEnumerable<string> HistoryLines(JsonNode answer) => answer.Deserialize<HistoryView>(Json.Sent)!.Entries.Select(Line);

    private static IEnumerable<string> MigrationLines(JsonNode answer) => answer.Deserialize<MigrationReport>(Json.Sent)!.ToLines();

    private static IEnumerable<string> WordsOf(JsonNode answer) => [(string)answer["words"]!];

    private static IEnumerable<string> StatusLines(JsonNode answer) => answer["phases"]!.AsObject().Select(p => string.Create(
        CultureInfo.InvariantCulture, $"{p.Key,-16} {(string?)p.Value!["text"],-24} generation {(long?)p.Value["epoch"]}{(string.IsNullOrEmpty((string?)p.Value["missing"]) ? "" : $"; {(string?)p.Value["missing"]}")}"));

    private static Option<string?> HostOption() => new("--host") { Description = $"Address of a running pipeline; {HostClient.Default} when neither this nor a pipeline is given. The token is in QT_TOKEN." };

    private static Option<bool> JsonOption() => new("--json") { Description = "Print it as JSON." };

    private static int Print(HostAnswer answer, bool asJson, Func<JsonNode, IEnumerable<string>> lines)
    {
        if (answer.Answer is not { } document)
        {
            Console.Error.WriteLine(answer.Words);
            return answer.Code;
        }

        Console.WriteLine(asJson ? Json.Serialize(document) : string.Join(Environment.NewLine, lines(document)));
        return answer.Code;
    }

    /// <summary>What a running pipeline is asked instead, and how its answer is printed.</summary>
    private sealed record Asked(string Path, Func<JsonNode, IEnumerable<string>> Lines);

    private static Command Show(string name, string summary, Asked? asked, Func<RolloutSection, IReadOnlyList<string>, ParseResult, (object Json, IEnumerable<string> Lines)> show)
    {
        var pipeline = new PipelineArguments(isOptional: asked is not null);
        var (host, json) = (HostOption(), JsonOption());
        var command = new Command(name, $"{summary} Example: qt rollout {name} pipelines/rollout.yml") { json };
        pipeline.AddTo(command);
        if (asked is not null)
        {
            command.Options.Add(host);
        }

        command.SetAction(arguments => asked is not null && (arguments.GetValue(host) is not null || !pipeline.IsGiven(arguments))
            ? pipeline.IsGiven(arguments) ? Both() : Print(HostClient.Get(arguments.GetValue(host) ?? HostClient.Default, asked.Path), arguments.GetValue(json), asked.Lines)
            : Use(pipeline, arguments, (rollout, symbols) =>
        {
            var (data, lines) = show(rollout, symbols, arguments);
            Console.WriteLine(arguments.GetValue(json) ? Json.Serialize(data) : string.Join(Environment.NewLine, lines));
            return ExitCodes.Good;
        }));
        return command;
    }

    private static Command Change(string name, PhaseAction action, string summary)
    {
        var isRollback = action == PhaseAction.Rollback;
        var pipeline = new PipelineArguments(description: $"The pipeline file, when nothing runs it; left out to ask a running one, which then takes {(isRollback ? "the level" : "the phase")} alone.");
        var phase = new Argument<string?>("phase") { Description = "Name of the phase.", Arity = ArgumentArity.ZeroOrOne };
        var level = new Argument<string?>("level") { Description = "Phases of this level and below: 1 the last one, 4 all.", Arity = ArgumentArity.ZeroOrOne };
        var host = HostOption();
        var reason = new Option<string>("--reason") { Description = "Why; for the journal.", DefaultValueFactory = _ => "" };
        var full = new Option<bool>("--full") { Description = "Past all steps and gates. Needs a reason." };
        var command = new Command(name, $"{summary} Example: qt rollout {name} pipelines/rollout.yml {(isRollback ? "1" : "enhanced_ml")} --reason drill") { reason, host };
        pipeline.AddTo(command);
        command.Arguments.Add(isRollback ? level : phase);
        if (action == PhaseAction.Promote)
        {
            command.Options.Add(full);
        }

        command.SetAction(arguments =>
        {
            // A single word is the phase of a running pipeline; two are a pipeline's file and its phase.
            var second = arguments.GetValue(isRollback ? level : phase);
            if (second is not null && arguments.GetValue(host) is not null)
            {
                return Both();
            }

            var target = second ?? pipeline.File(arguments)!;
            if (isRollback && !int.TryParse(target, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            {
                Console.Error.WriteLine($"The level of a rollback was '{target}'. Legal: 1 to 4.");
                return ExitCodes.Usage;
            }

            var asked = new PhaseCommand(action)
            {
                Phase = isRollback ? "" : target,
                Level = isRollback ? int.Parse(target, CultureInfo.InvariantCulture) : 0,
                Full = action == PhaseAction.Promote && arguments.GetValue(full),
                Reason = arguments.GetValue(reason)!,
                Actor = "cli",
            };
            return second is null
                ? Print(HostClient.Post(arguments.GetValue(host) ?? HostClient.Default, isRollback ? "/api/rollout/rollback" : $"/api/rollout/{Uri.EscapeDataString(target)}/{name}", isRollback ? new { asked.Level, asked.Reason } : new { asked.Full, asked.Reason }), false, WordsOf)
                : Offline(pipeline, arguments, asked);
        });
        return command;
    }

    private static int Both()
    {
        Console.Error.WriteLine("A pipeline's file and --host were given. Name one of the two: the file when nothing runs it, else --host.");
        return ExitCodes.Usage;
    }

    private static int Offline(PipelineArguments pipeline, ParseResult arguments, PhaseCommand command) => Use(pipeline, arguments, (rollout, _) =>
        {
            if (rollout.StateFolder is null)
            {
                Console.Error.WriteLine("The pipeline keeps no state, so there is nothing to change between runs. Add rollout.state.path.");
                return ExitCodes.Configuration;
            }

            rollout.Resume(toWrite: true);
            var answer = rollout.Control.SendOffline(command);
            (answer.IsAccepted ? Console.Out : Console.Error).WriteLine(answer.Words);
            return answer.IsAccepted ? ExitCodes.Good : ExitCodes.Failed;
        });

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
            return ExitCodes.Refuse(refused);
        }
        catch (ConfigurationException refused)
        {
            return ExitCodes.Refuse(refused);
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
