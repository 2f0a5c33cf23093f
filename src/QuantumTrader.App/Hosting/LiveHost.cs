using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using QuantumTrader.App.Telemetry;
using QuantumTrader.App.Views;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Hosting;

/// <summary>The web server beside a run: dashboard, API, stream.</summary>
internal sealed class LiveHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly AccessRules _access;

    private readonly PrometheusText _metrics;
    private readonly RunViews _views;
    private readonly IDisposable _following;

    private LiveHost(WebApplication app, AccessRules access, StreamHub hub, RunViews views, IDisposable following, PrometheusText metrics) =>
        (_app, _access, Hub, _views, _following, _metrics) = (app, access, hub, views, following, metrics);

    /// <summary>The open streams.</summary>
    public StreamHub Hub { get; }

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Begins to listen.</summary>
    /// <param name="run">What it shows.</param>
    /// <param name="metrics">What it measures of itself, and of the run, beside the engine.</param>
    /// <param name="engine">What the engine measures.</param>
    /// <param name="options">How.</param>
    /// <param name="listen">Where.</param>
    /// <param name="token">What a client must know to change anything; null when nobody may.</param>
    /// <param name="topics">What the stream offers; null for all topics of the run.</param>
    /// <exception cref="ConfigurationException">The address is taken or not of this machine, or others could reach it and there is no token.</exception>
    public static async Task<LiveHost> StartAsync(LiveRun run, RunMetrics metrics, EngineMetrics engine, HostOptions options, IPEndPoint listen, string? token, IReadOnlyList<ITopic>? topics = null)
    {
        if (!IPAddress.IsLoopback(listen.Address) && string.IsNullOrEmpty(token))
        {
            throw new ConfigurationException("listen", $"{listen} can be reached by other machines, and there is no token: set the environment variable {AccessRules.TokenVariable} to a secret, or listen on 127.0.0.1:{listen.Port}.");
        }

        // Nothing of the usual: no files of settings, no environment, no logging, no signals. What is needed is named here.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // What is too large is refused with words, so that much must be read of it before.
            kestrel.Limits.MaxRequestBodySize = 16 * AccessRules.MaxBodyBytes;
            kestrel.Limits.MaxConcurrentConnections = options.Streams + 256;
            kestrel.Listen(listen);
        });
        builder.Services.AddRoutingCore();
        OpenApiDocument.AddTo(builder.Services);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(2));
        builder.Services.ConfigureHttpJsonOptions(json => Json.Apply(json.SerializerOptions));

        var app = builder.Build();
        var access = new AccessRules(options, listen, token);
        var views = RunViews.Begin(run);
        var hub = new StreamHub(run, topics ?? HostParts.Topics(run, views), options);
        metrics.Add(hub);
        var text = new PrometheusText(engine.Meter, metrics.Meter);
        var host = new LiveHost(app, access, hub, views, run.Follow(), text);
        app.Use(host.AdmitAsync);
        foreach (var api in HostParts.Apis(run, views, text))
        {
            api.Map(app, run);
        }

        app.MapGet("/api/stream", hub.ServeAsync).WithName("stream").WithSummary("Server-sent events: a snapshot of each topic, then what changes.")
            .Produces<string>(StatusCodes.Status200OK, "text/event-stream").ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        app.MapOpenApi(OpenApiDocument.Path);
        app.MapGet("/{**path}", DashboardFiles.Serve).ExcludeFromDescription();
        run.IsChangeable = !string.IsNullOrEmpty(token);
        try
        {
            await app.StartAsync().ConfigureAwait(false);
            return host;
        }
        catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException)
        {
            await host.DisposeAsync().ConfigureAwait(false);
            throw new ConfigurationException("listen", $"Cannot listen on {listen}: {error.Message.TrimEnd('.')}. Name another address with --listen; port 0 takes any free one.") { Outside = true };
        }
    }

    /// <summary>Patterns of everything that can be asked.</summary>
    public IEnumerable<string> Routes => _app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Select(e => e.RoutePattern.RawText!);

    /// <summary>Ends the streams and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        await Hub.DisposeAsync().ConfigureAwait(false);
        await _app.StopAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        _access.Dispose();
        _metrics.Dispose();
        _views.Dispose();
        _following.Dispose();
    }

    private async Task AdmitAsync(HttpContext context, RequestDelegate next)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        if (_access.Refuse(context) is { } refused)
        {
            await refused.ExecuteAsync(context).ConfigureAwait(false);
            return;
        }

        try
        {
            context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = AccessRules.MaxBodyBytes;
            await next(context).ConfigureAwait(false);
        }
        catch (BadHttpRequestException bad) when (!context.Response.HasStarted)
        {
            await TypedResults.Problem(bad.Message, statusCode: bad.StatusCode).ExecuteAsync(context).ConfigureAwait(false);
        }
        catch (Exception error) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            // A page that fails is not the run's affair.
            await TypedResults.Problem($"Invariant: {error.GetType().Name}: {error.Message}", statusCode: StatusCodes.Status500InternalServerError).ExecuteAsync(context).ConfigureAwait(false);
        }
    }

    /// <summary>The command has the signals; the web server must not take them.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
