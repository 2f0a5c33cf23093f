using System.CommandLine;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt models</c>: what models there are, what they are, whether they still do what they did, and how two of them differ.</summary>
internal static class ModelsCommand
{
    public static Command Create() => new("models", "Lists, describes, verifies and compares models. Example: qt models list pipelines/models")
    {
        ModelListCommand.Create(), ModelInspectCommand.Create(), ModelVerifyCommand.Create(), ModelDiffCommand.Create(),
    };

    /// <summary>The exit code of a model that was refused: something outside is missing, or the model is not what it should be.</summary>
    public static int CodeOf(ConfigurationException refused) => refused.Outside ? ExitCodes.Outside : ExitCodes.Failed;
}
