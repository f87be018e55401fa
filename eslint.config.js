// Strict, type-checked rules for all TypeScript; Svelte's own for screens.
import svelte from 'eslint-plugin-svelte'
import tseslint from 'typescript-eslint'

const folders = ['protocol', 'workers', 'workers/frame', 'web', 'relay', 'test', 'scripts']

export default tseslint.config(
  {
    ignores: [
      'dist',
      'out',
      'cache',
      'node_modules',
      '.galaxy',
      'screenshots',
      'protocol/abi.ts',
      'contracts',
      // AssemblyScript, whose compiler checks it.
      'workers/tensors/kernels',
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: folders.map((folder) => `./${folder}/tsconfig.json`),
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.svelte'],
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      // Our types name functions like methods; none of our values has a past to lose.
      '@typescript-eslint/unbound-method': 'off',
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  {
    files: ['**/*.test.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    extends: [tseslint.configs.strict, svelte.configs['flat/recommended']],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    // The base rule does not know `$bindable`, which makes some names of one `$props()` constant and others not.
    rules: { 'prefer-const': 'off', 'svelte/prefer-const': 'error' },
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
)
