// Writes source/gql/: the operations of this worker with their types.
import type { CodegenConfig } from '@graphql-codegen/cli'

const config: CodegenConfig = {
  schema: '../../schema.graphqls',
  documents: ['operations.graphql'],
  emitLegacyCommonJSImports: false,
  generates: {
    './source/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        documentMode: 'string',
        enumsAsTypes: true,
        onlyOperationTypes: true,
        scalars: { USD: 'string', DateTime: 'string', Date: 'string', Count: 'number', JSON: 'unknown' },
        strictScalars: true,
        useTypeImports: true,
      },
    },
  },
}

export default config
