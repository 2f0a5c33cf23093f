using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantumTrader.App.Commands;

namespace QuantumTrader.App.Hosting;

/// <summary>What a host answered.</summary>
/// <param name="Code">Exit code of a command that asked this.</param>
/// <param name="Answer">The document; null when there is none.</param>
/// <param name="Words">Why there is none, for people.</param>
internal sealed record HostAnswer(int Code, JsonNode? Answer, string Words);

/// <summary>Asks a running pipeline, for the commands that can.</summary>
internal static class HostClient
{
    /// <summary>Where a run listens when nothing else is said.</summary>
    public const string Default = "http://127.0.0.1:8080";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Reads a resource.</summary>
    public static HostAnswer Get(string host, string path) => Send(host, HttpMethod.Get, path, null);

    /// <summary>Changes something, with the token of the environment.</summary>
    public static HostAnswer Post(string host, string path, object body) => Send(host, HttpMethod.Post, path, body);

    private static HostAnswer Send(string host, HttpMethod method, string path, object? body)
    {
        if (!Uri.TryCreate(host, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            return new HostAnswer(ExitCodes.Usage, null, $"--host was '{host}'; write it as {Default}.");
        }

        using var client = new HttpClient { BaseAddress = address, Timeout = Patience };
        using var request = new HttpRequestMessage(method, path);
        if (Environment.GetEnvironmentVariable(AccessRules.TokenVariable) is { Length: > 0 } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        request.Content = body is null ? null : new StringContent(JsonSerializer.Serialize(body, Json.Sent), Encoding.UTF8, "application/json");
        try
        {
            using var response = client.Send(request);
            using var stream = response.Content.ReadAsStream();
            var answer = stream.Length > 0 ? JsonNode.Parse(stream) : null;
            return response.IsSuccessStatusCode
                ? new HostAnswer(ExitCodes.Good, answer, "")
                : new HostAnswer(ExitCodes.Failed, null, answer?["detail"]?.GetValue<string>() ?? $"{address} answered {(int)response.StatusCode}.");
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException or JsonException or FormatException)
        {
            return new HostAnswer(ExitCodes.Outside, null, $"No run answers at {address}: {error.Message} Start one with `qt run PIPELINE --listen`, or name its address with --host.");
        }
    }
}
