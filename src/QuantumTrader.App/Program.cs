using System.CommandLine;
using QuantumTrader.App.Commands;

var root = new RootCommand("QuantumTrader: live machine-learning trading from one YAML file.")
{
    RunCommand.Create(),
    ValidateCommand.Create(),
    TestCommand.Create(),
    TopCommand.Create(),
    GraphCommand.Create(),
    BlocksCommand.Create(),
    FeaturesCommand.Create(),
    ExportCommand.Create(),
    CheckCommand.Create(),
    TrainCommand.Create(),
    ModelsCommand.Create(),
    RecordCommand.Create(),
    QueryCommand.Create(),
    AtCommand.Create(),
    StoreCommand.Create(),
    RolloutCommand.Create(),
    AlertsCommand.Create(),
    EventsCommand.Create(),
    TapCommand.Create(),
    BenchCommand.Create(),
    DoctorCommand.Create(),
    CandidateCommand.Create(),
};
var parsed = root.Parse(args);
// Commands that have something to hand on take the signals themselves (StopSignal); the library would end them after 2 s.
var code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
// Ours are the codes that scripts read: 2 is bad usage, whatever the library says.
return parsed.Errors.Count > 0 ? ExitCodes.Usage : code;
