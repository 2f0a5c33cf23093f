using System.CommandLine;
using QuantumTrader.App.Commands;

(string Name, Func<Command> Create)[] commands =
[
    ("run", RunCommand.Create),
    ("validate", ValidateCommand.Create),
    ("test", TestCommand.Create),
    ("top", TopCommand.Create),
    ("graph", GraphCommand.Create),
    ("blocks", BlocksCommand.Create),
    ("features", FeaturesCommand.Create),
    ("export", ExportCommand.Create),
    ("check", CheckCommand.Create),
    ("train", TrainCommand.Create),
    ("models", ModelsCommand.Create),
    ("record", RecordCommand.Create),
    ("query", QueryCommand.Create),
    ("at", AtCommand.Create),
    ("store", StoreCommand.Create),
    ("rollout", RolloutCommand.Create),
    ("alerts", AlertsCommand.Create),
    ("events", EventsCommand.Create),
    ("tap", TapCommand.Create),
    ("bench", BenchCommand.Create),
    ("doctor", DoctorCommand.Create),
    ("candidate", CandidateCommand.Create),
];
var root = new RootCommand("QuantumTrader: live machine-learning trading from one YAML file.");
// Making them all takes longer than parsing: only where the first word is none of them, all are there to help.
var named = Array.FindIndex(commands, c => c.Name == args.FirstOrDefault());
foreach (var (_, create) in named < 0 ? commands : commands[named..(named + 1)])
{
    root.Add(create());
}

var parsed = root.Parse(args);
// Commands that have something to hand on take the signals themselves (StopSignal); the library would end them after 2 s.
var code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
// Ours are the codes that scripts read: 2 is bad usage, whatever the library says.
return parsed.Errors.Count > 0 ? ExitCodes.Usage : code;
