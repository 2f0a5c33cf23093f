using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Alerting.Channels;

/// <summary>Secrets come from the environment only, so that no file and no log ever holds one.</summary>
internal static class Secret
{
    /// <summary>The value of a variable.</summary>
    /// <exception cref="ConfigurationException">It is not set.</exception>
    public static string Of(string option, string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value
        ? value
        : throw new ConfigurationException(option, $"the environment variable {variable} is not set. Set it to the secret before the start; it is never read from a file.");
}
