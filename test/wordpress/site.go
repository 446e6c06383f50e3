package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	packages = "wordpress wordpress-theme-twentytwentythree mariadb-server php-cli php-mysql"
	source   = "/usr/share/wordpress" // Debian's package
	user     = "editor"
	patient  = 60 * time.Second
	// workers is the number of requests that PHP's server answers at once.
	workers = "8"
)

// site is a running WordPress with its database.
type site struct {
	folder   string
	address  string
	password string
	version  string
	running  []*exec.Cmd
}

// start sets up a site in a folder of its own.
func start(ctx context.Context) (s *site, err error) {
	for _, needed := range []string{"mariadbd", "mariadb-install-db", "php"} {
		if _, err := exec.LookPath(needed); err != nil {
			return nil, fmt.Errorf("%s is missing: apt-get install %s", needed, packages)
		}
	}
	if _, err := os.Stat(filepath.Join(source, "wp-load.php")); err != nil {
		return nil, errors.New("the package wordpress is missing")
	}
	// Without a theme every page is empty.
	if themes, err := filepath.Glob(filepath.Join(source, "wp-content/themes/*")); err != nil || len(themes) == 0 {
		return nil, errors.New("the package wordpress-theme-twentytwentythree is missing")
	}
	s = &site{}
	if s.folder, err = os.MkdirTemp("", "wordpress-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	if err := s.startDatabase(ctx); err != nil {
		return s, fmt.Errorf("start MariaDB: %w", err)
	}
	if err := s.startServer(ctx); err != nil {
		return s, fmt.Errorf("start WordPress: %w", err)
	}
	return s, nil
}

func (s *site) socket() string { return filepath.Join(s.folder, "mysql.sock") }

// startDatabase makes an empty database with a user without a password, which only the socket in the folder reaches.
func (s *site) startDatabase(ctx context.Context) error {
	data := filepath.Join(s.folder, "data")
	account, err := osuser.Current()
	if err != nil {
		return err
	}
	owner := "--user=" + account.Username
	install := exec.CommandContext(ctx, "mariadb-install-db", "--no-defaults", "--datadir="+data, owner,
		"--auth-root-authentication-method=normal", "--skip-test-db")
	if output, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	err = s.run(filepath.Join(s.folder, "mariadb.log"), nil, "mariadbd", "--no-defaults", "--datadir="+data, owner,
		"--socket="+s.socket(), "--skip-networking", "--innodb-flush-log-at-trx-commit=0", "--pid-file="+data+"/pid")
	if err != nil {
		return err
	}
	return until(ctx, func() error {
		create := exec.CommandContext(ctx, "mariadb", "--no-defaults", "--user=root", "--socket="+s.socket(),
			"--execute=CREATE DATABASE wordpress")
		output, err := create.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, output)
		}
		return nil
	})
}

// config is wp-config.php. An application password needs TLS, except in the environment "local".
const config = `<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:%[1]s');
define('DB_CHARSET', 'utf8mb4');
define('WP_ENVIRONMENT_TYPE', 'local');
define('WP_HOME', '%[2]s');
define('WP_SITEURL', '%[2]s');
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
`

// install makes the tables, an editor and its application password, and prints version and password.
const install = `<?php
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = '127.0.0.1';
require 'wp-load.php';
require 'wp-admin/includes/upgrade.php';
function_exists('wp_mail') || exit(1);
add_filter('pre_wp_mail', '__return_true');
wp_install('Test site', 'admin', 'admin@example.com', true, '', bin2hex(random_bytes(12)));
$id = wp_insert_user(['user_login' => 'editor', 'user_pass' => bin2hex(random_bytes(12)), 'role' => 'editor',
	'user_email' => 'editor@example.com']);
if (is_wp_error($id)) exit(2);
list($password) = WP_Application_Passwords::create_new_application_password($id, ['name' => 'engine']);
echo $wp_version, "\n", $password;
`

func (s *site) startServer(ctx context.Context) error {
	root := filepath.Join(s.folder, "site")
	// The package has links to folders elsewhere.
	if output, err := exec.CommandContext(ctx, "cp", "-rL", source, root).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	s.address = "http://127.0.0.1:" + strconv.Itoa(port)
	for name, text := range map[string]string{
		"wp-config.php": fmt.Sprintf(config, s.socket(), s.address), "install.php": install,
	} {
		path := filepath.Join(root, name)
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	php := exec.CommandContext(ctx, "php", "install.php")
	php.Dir = root
	output, err := php.Output()
	version, password, found := strings.Cut(string(output), "\n")
	if err != nil || !found {
		return fmt.Errorf("install: %w: %s", err, output)
	}
	s.version, s.password = version, password
	err = s.run(filepath.Join(s.folder, "php.log"), []string{"PHP_CLI_SERVER_WORKERS=" + workers}, "php",
		"-S", "127.0.0.1:"+strconv.Itoa(port), "-t", root)
	if err != nil {
		return err
	}
	return until(ctx, func() error {
		request, err := http.NewRequestWithContext(ctx, http.MethodHead, s.address, http.NoBody)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
}

// run starts a program that stop ends.
func (s *site) run(log string, env []string, name string, args ...string) error {
	output, err := os.Create(log)
	if err != nil {
		return err
	}
	defer func() { _ = output.Close() }()
	c := exec.Command(name, args...) //nolint:noctx // stop ends it
	c.Env = append(os.Environ(), env...)
	c.Stdout, c.Stderr = output, output
	// A group of its own: PHP's server has workers, and a Ctrl-C must not end the site before the command.
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		return err
	}
	s.running = append(s.running, c)
	return nil
}

// stop ends the programs and removes the folder.
func (s *site) stop() error {
	for _, c := range s.running {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		_ = c.Wait() // Its error is the signal.
	}
	return os.RemoveAll(s.folder)
}

// until repeats try until it succeeds or the context ends.
func until(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // on loopback, at once
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
