using System.CommandLine;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary>The arguments that every command on a pipeline takes, and the loading that they ask for.</summary>
/// <param name="isOptional">True when the command can also do without a pipeline.</param>
/// <param name="name">Name of the argument in the help.</param>
/// <param name="description">What may be given.</param>
internal sealed class PipelineArguments(bool isOptional = false, string name = "pipeline", string description = "The pipeline file.")
{
    private readonly Argument<string?> _file = new(name) { Description = description, Arity = isOptional ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne };
    private readonly Option<string[]> _overlays = new("--overlay") { Description = "A file to lay over it; may be given several times.", AllowMultipleArgumentsPerToken = false };
    private readonly Option<string[]> _sets = new("--set") { Description = "One value to lay over it, such as blocks.model.model=x.onnx; may be given several times.", AllowMultipleArgumentsPerToken = false };

    /// <summary>The rooms that have blocks and sections.</summary>
    public static IReadOnlyList<System.Reflection.Assembly> Rooms { get; } =
    [
        typeof(Market.MarketContext).Assembly,
        typeof(Storage.IEventStore).Assembly,
        typeof(ZeroMq.Bus).Assembly,
        typeof(ProfitDll.ProfitDllSource).Assembly,
        typeof(Features.FeatureVector).Assembly,
        typeof(Models.Prediction).Assembly,
        typeof(Trading.Risk).Assembly,
        typeof(Rollout.RolloutSection).Assembly,
    ];

    /// <summary>Every block and section that this program knows.</summary>
    public static BlockRegistry Registry { get; } = BlockRegistry.Scan(Rooms, typeof(Hosting.HostSection), typeof(Alerting.AlertsSection));

    public void AddTo(Command command)
    {
        command.Arguments.Add(_file);
        command.Options.Add(_overlays);
        command.Options.Add(_sets);
    }

    /// <summary>True when a pipeline was named.</summary>
    public bool IsGiven(ParseResult arguments) => File(arguments) is not null;

    /// <summary>What was named.</summary>
    public string? File(ParseResult arguments) => arguments.GetValue(_file);

    /// <summary>Loads the pipeline and prints what was found to standard error.</summary>
    public PipelinePlan? Load(ParseResult arguments)
    {
        var result = Read(arguments);
        foreach (var finding in result.Findings)
        {
            Console.Error.WriteLine(finding);
        }

        return result.Plan;
    }

    /// <summary>Loads the pipeline.</summary>
    public LoadResult Read(ParseResult arguments) =>
        new PipelineLoader(Registry).Load(arguments.GetValue(_file)!, arguments.GetValue(_overlays), arguments.GetValue(_sets));
}
