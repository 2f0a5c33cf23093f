using System.CommandLine;
using System.Net.Http.Headers;
using QuantumTrader.App.Hosting;

namespace QuantumTrader.App.Commands;

/// <summary>Which running host a command talks to.</summary>
internal sealed class HostArguments
{
    private readonly Option<string> _host = new("--host") { Description = "Address of a running pipeline (qt run --listen).", DefaultValueFactory = _ => $"http://{ListenAddress.Default}" };

    public void AddTo(Command command)
    {
        command.Options.Add(_host);
        _host.Validators.Add(result =>
        {
            if (!Uri.TryCreate(result.GetValueOrDefault<string>(), UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            {
                result.AddError($"--host: '{result.GetValueOrDefault<string>()}' is no address. Write it as http://127.0.0.1:8080.");
            }
        });
    }

    /// <summary>A client of the host; the token is that of the environment.</summary>
    public HttpClient Open(ParseResult arguments)
    {
        var client = new HttpClient { BaseAddress = new Uri(arguments.GetValue(_host)!), Timeout = TimeSpan.FromSeconds(30) };
        if (Environment.GetEnvironmentVariable(AccessRules.TokenVariable) is { Length: > 0 } token)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return client;
    }
}
