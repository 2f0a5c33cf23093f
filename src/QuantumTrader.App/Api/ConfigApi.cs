using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Views;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Api;

/// <summary>The pipeline that runs.</summary>
/// <param name="File">The file as it was named.</param>
/// <param name="Pipeline">What it holds, overlays and sets laid over it.</param>
internal sealed record ConfigView(string File, JsonNode Pipeline);

/// <summary>
/// <c>/api/config</c>: the plan in force. What comes from the environment is shown as the file writes it, <c>${VALKEY_HOST}</c>, never what
/// it stands for; what is a secret by its name, or the password in an address, is masked wherever it comes from.
/// </summary>
internal sealed partial class ConfigApi : IApi
{
    public void Map(IEndpointRouteBuilder routes, LiveRun run) =>
        routes.MapGet("/api/config", () => new ConfigView(run.Plan.File, Show(run.Plan.Root)!)).WithName("config").WithSummary("The pipeline in force, secrets masked.");

    private static JsonNode? Show(ConfigNode node, string key = "") => node switch
    {
        MappingNode mapping => new JsonObject(mapping.Entries.Select(e => KeyValuePair.Create(e.Key, Show(e.Value, e.Key)))),
        SequenceNode list => new JsonArray([.. list.Items.Select(i => Show(i, key))]),
        ScalarNode scalar when Secrets.IsName(key) => Secrets.Masked,
        ScalarNode { IsNull: true } => null,
        ScalarNode scalar => Value(scalar),
        _ => throw new InvalidOperationException($"Invariant: {node.GetType().Name} is no value."),
    };

    private static JsonNode Value(ScalarNode scalar)
    {
        var text = scalar.Raw;
        return scalar.IsQuoted || scalar.IsInterpolated ? PasswordInAddress().Replace(text, $"$1{Secrets.Masked}@")
            : text is "true" or "false" ? JsonValue.Create(text == "true")
            : decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? JsonValue.Create(number)
            : PasswordInAddress().Replace(text, $"$1{Secrets.Masked}@");
    }

    [GeneratedRegex("(//[^/@:]*:)[^/@]+@")]
    private static partial Regex PasswordInAddress();
}
